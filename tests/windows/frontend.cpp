// What obs-frontend-api asks of the frontend is answered from a table made by hand, since the
// compilers differ in how they lay out a class with a virtual destructor.

#include "host.hpp"

#include <windows.h>

#include <utility>

std::vector<obs_scene_t *> scenes;

namespace {

using EventCallback = void (*)(int event, void *data);
// Places in the table of obs_frontend_callbacks of OBS 31.1.1, whose library both use.
enum Place { GET_SCENES = 4, GET_CURRENT_SCENE = 5, SET_CURRENT_SCENE = 6, ADD_EVENT_CALLBACK = 46,
	     REMOVE_EVENT_CALLBACK = 47, PLACES = 128 };

struct SourceList {
	obs_source_t **array;
	size_t count, capacity;
};

std::vector<std::pair<EventCallback, void *>> listeners;

void *nothing(void *) { return nullptr; }

void get_scenes(void *, SourceList *list)
{
	list->count = list->capacity = scenes.size();
	list->array = static_cast<obs_source_t **>(bmalloc(sizeof(void *) * (scenes.size() + 1)));
	for (size_t i = 0; i < scenes.size(); i++)
		list->array[i] = obs_source_get_ref(obs_scene_get_source(scenes[i]));
}

obs_source_t *get_current_scene(void *) { return obs_get_output_source(0); }

void add_event_callback(void *, EventCallback callback, void *data)
{
	listeners.emplace_back(callback, data);
}

void remove_event_callback(void *, EventCallback callback, void *data)
{
	std::erase(listeners, std::make_pair(callback, data));
}

} // namespace

void tell(int event)
{
	for (auto &[callback, data] : std::vector<std::pair<EventCallback, void *>>(listeners))
		callback(event, data);
}

void set_current_scene(void *, obs_source_t *scene)
{
	obs_set_output_source(0, scene);
	tell(SCENE_CHANGED);
}

void set_frontend(void)
{
	static void *table[PLACES], *object[1] = {table};
	for (auto &place : table)
		place = reinterpret_cast<void *>(nothing);
	table[GET_SCENES] = reinterpret_cast<void *>(get_scenes);
	table[GET_CURRENT_SCENE] = reinterpret_cast<void *>(get_current_scene);
	table[SET_CURRENT_SCENE] = reinterpret_cast<void *>(set_current_scene);
	table[ADD_EVENT_CALLBACK] = reinterpret_cast<void *>(add_event_callback);
	table[REMOVE_EVENT_CALLBACK] = reinterpret_cast<void *>(remove_event_callback);
	const char *name = "?obs_frontend_set_callbacks_internal@@YAXPEAUobs_frontend_callbacks@@@Z";
	HMODULE library = GetModuleHandleA("obs-frontend-api.dll");
	auto found = library ? GetProcAddress(library, name) : nullptr;
	if (!found)
		refuse("obs-frontend-api.dll has no way to set the frontend");
	reinterpret_cast<void (*)(void *)>(found)(object);
}
