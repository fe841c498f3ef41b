// What both languages see of libobs. The functions left out are those that obs-scripting adds
// itself, and those that a script cannot call.
#define EXPORT
#define DEPRECATED
#define OBS_DEPRECATED
#define OBS_EXTERNAL_DEPRECATED
#define PRINTFATTR(format, first)

%{
#define SWIG_FILE_WITH_INIT
#include <obs.h>
#include <obs-hotkey.h>
#include <obs-interaction.h>
#include <util/platform.h>
%}

%include "stdint.i"
// Strings that libobs made are given back to libobs.
%typemap(newfree) char * "bfree($1);";

%ignore blog;
%ignore blogva;
%ignore bcrash;
%ignore base_set_crash_handler;
%ignore obs_source_info;
%ignore obs_register_source_s;
%ignore obs_output_video;
%ignore obs_output_set_video;
%ignore obs_add_tick_callback;
%ignore obs_remove_tick_callback;
%ignore obs_add_main_render_callback;
%ignore obs_remove_main_render_callback;
%ignore obs_enum_sources;
%ignore obs_properties_add_button;
%ignore obs_property_set_modified_callback;
%rename("$ignore", regexmatch$name="^obs_hotkey(_pair)?_register_") "";
%rename("$ignore", regexmatch$name="^signal_handler_(dis)?connect") "";
%ignore signal_handler_remove_current;

%include "graphics/graphics.h"
%include "obs-data.h"
%include "obs-source.h"
%include "obs-properties.h"
%include "obs-interaction.h"
%include "obs-hotkey.h"
%include "obs.h"
%include "callback/calldata.h"
%include "callback/proc.h"
%include "callback/signal.h"
%include "util/bmem.h"
%include "util/base.h"

// Of obs-frontend-api.h, which comes with no package; numbers as in OBS 31 and 32.
%constant int OBS_FRONTEND_EVENT_SCENE_CHANGED = 8;
%constant int OBS_FRONTEND_EVENT_SCENE_LIST_CHANGED = 9;
%constant int OBS_FRONTEND_EVENT_TRANSITION_CHANGED = 10;
%constant int OBS_FRONTEND_EVENT_TRANSITION_STOPPED = 11;
%constant int OBS_FRONTEND_EVENT_TRANSITION_LIST_CHANGED = 12;
%constant int OBS_FRONTEND_EVENT_SCENE_COLLECTION_CHANGED = 13;
%constant int OBS_FRONTEND_EVENT_STUDIO_MODE_ENABLED = 22;
%constant int OBS_FRONTEND_EVENT_STUDIO_MODE_DISABLED = 23;
%constant int OBS_FRONTEND_EVENT_PREVIEW_SCENE_CHANGED = 24;
%constant int OBS_FRONTEND_EVENT_EXIT = 17;
%constant int OBS_FRONTEND_EVENT_SCENE_COLLECTION_CLEANUP = 25;
%constant int OBS_FRONTEND_EVENT_FINISHED_LOADING = 26;
%constant int OBS_FRONTEND_EVENT_SCENE_COLLECTION_CHANGING = 34;
%constant int OBS_FRONTEND_EVENT_SCRIPTING_SHUTDOWN = 36;
