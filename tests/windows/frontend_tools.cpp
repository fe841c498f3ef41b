// The part of OBS's module frontend-tools that counts: it ends the scripting when libobs lets go
// of its modules, after the graphics thread has stopped.

#include <obs-module.h>

OBS_DECLARE_MODULE()

extern "C" void obs_scripting_unload(void);

bool obs_module_load(void) { return true; }
void obs_module_unload(void) { obs_scripting_unload(); }
