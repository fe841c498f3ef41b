%module obspython
%include "libobs.i"
