%module obslua
%ignore obs_source_enum_filters;
%include "libobs.i"
