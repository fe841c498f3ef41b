// What the parts of the host share.

#pragma once

#include <obs.h>

#include <string>
#include <vector>

using Words = std::vector<std::string>;

// Numbers of obs_frontend_event.
enum Event { SCENE_CHANGED = 8, EXIT = 17, COLLECTION_CLEANUP = 25, FINISHED_LOADING = 26,
	     SCRIPTING_SHUTDOWN = 36 };

[[noreturn]] void refuse(const std::string &why);

// frontend.cpp: what obs-frontend-api is answered. The scenes are the main thread's.
extern std::vector<obs_scene_t *> scenes;
void set_frontend(void);
void tell(int event);
void set_current_scene(void *, obs_source_t *scene);

// sources.cpp: scenes, their sources and filters
extern std::vector<obs_source_t *> inputs;
obs_data_t *settings_of(const std::string &json);
std::string scene(const Words &);
std::string program(const Words &);
std::string input(const Words &);
std::string add(const Words &);
std::string forget(const Words &);
std::string filter(const Words &);
std::string unfilter(const Words &);
std::string set(const Words &);
std::string enable(const Words &);
std::string show(const Words &);
std::string properties(const Words &);

// program.cpp: the program's pictures
void watch_program(void);
void leave_program(void);
std::string frames(const Words &);
std::string late(const Words &);
std::string air(const Words &);
std::string shot(const Words &);
std::string watch(const Words &);
std::string watched(const Words &);

// processes.cpp: the processes below this one
std::string children(const Words &);
std::string kill(const Words &);
std::string hang(const Words &);
