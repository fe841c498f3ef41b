// Scenes, their sources and filters: what a user does with them.

#include "host.hpp"

#include <utility>

std::vector<obs_source_t *> inputs;

obs_data_t *settings_of(const std::string &json)
{
	obs_data_t *data = obs_data_create_from_json(json.c_str());
	if (!data)
		refuse("no JSON: " + json);
	return data;
}

namespace {

// A source, or a filter named "source/filter"; released by the caller.
obs_source_t *find(const std::string &name)
{
	auto at = name.find('/');
	obs_source_t *source = obs_get_source_by_name(name.substr(0, at).c_str());
	if (source && at != std::string::npos) {
		obs_source_t *filter = obs_source_get_filter_by_name(source, name.substr(at + 1).c_str());
		obs_source_release(source);
		source = filter;
	}
	if (!source)
		refuse("there is no " + name);
	return source;
}

obs_scene_t *find_scene(const std::string &name)
{
	for (auto *scene : scenes)
		if (name == obs_source_get_name(obs_scene_get_source(scene)))
			return scene;
	refuse("there is no scene " + name);
}

// Lets an item fill the canvas, whatever its source's size.
void fill_canvas(obs_sceneitem_t *item)
{
	obs_video_info video;
	obs_get_video_info(&video);
	vec2 size = {};
	size.x = float(video.base_width);
	size.y = float(video.base_height);
	obs_sceneitem_set_bounds(item, &size);
	obs_sceneitem_set_bounds_type(item, OBS_BOUNDS_STRETCH);
}

} // namespace

std::string scene(const Words &words)
{
	scenes.push_back(obs_scene_create(words[1].c_str()));
	if (scenes.size() == 1)
		set_current_scene(nullptr, obs_scene_get_source(scenes[0]));
	return "";
}

std::string program(const Words &words)
{
	set_current_scene(nullptr, obs_scene_get_source(find_scene(words[1])));
	return "";
}

std::string input(const Words &words) // scene, kind, name, settings
{
	obs_data_t *settings = settings_of(words[4]);
	obs_source_t *source = obs_source_create(words[2].c_str(), words[3].c_str(), settings, nullptr);
	obs_data_release(settings);
	fill_canvas(obs_scene_add(find_scene(words[1]), source));
	inputs.push_back(source);
	return "";
}

std::string add(const Words &words) // scene, name of a source or scene
{
	obs_source_t *source = find(words[2]);
	obs_scene_add(find_scene(words[1]), source);
	obs_source_release(source);
	return "";
}

std::string forget(const Words &words) // name of an input
{
	obs_source_t *source = find(words[1]);
	obs_source_remove(source);
	std::erase_if(inputs, [source](obs_source_t *input) {
		if (input == source)
			obs_source_release(input);
		return input == source;
	});
	obs_source_release(source);
	return "";
}

std::string filter(const Words &words) // source, kind, name, settings
{
	obs_source_t *source = find(words[1]);
	obs_data_t *settings = settings_of(words[4]);
	obs_source_t *made = obs_source_create(words[2].c_str(), words[3].c_str(), settings, nullptr);
	obs_source_filter_add(source, made);
	obs_data_release(settings);
	obs_source_release(made);
	obs_source_release(source);
	return "";
}

std::string unfilter(const Words &words) // source/filter
{
	obs_source_t *made = find(words[1]);
	obs_source_t *source = find(words[1].substr(0, words[1].find('/')));
	obs_source_filter_remove(source, made);
	obs_source_release(source);
	obs_source_release(made);
	return "";
}

std::string set(const Words &words) // source or source/filter, settings
{
	obs_source_t *source = find(words[1]);
	obs_data_t *settings = settings_of(words[2]);
	obs_source_update(source, settings);
	obs_data_release(settings);
	obs_source_release(source);
	return "";
}

std::string enable(const Words &words) // source/filter, 0 or 1
{
	obs_source_t *source = find(words[1]);
	obs_source_set_enabled(source, words[2] == "1");
	obs_source_release(source);
	return "";
}

std::string show(const Words &words) // scene, source, 0 or 1
{
	obs_sceneitem_t *item = obs_scene_find_source(find_scene(words[1]), words[2].c_str());
	if (!item)
		refuse("it is not in the scene: " + words[2]);
	obs_sceneitem_set_visible(item, words[3] == "1");
	return "";
}

// Makes the properties as a panel does; answers how many there are.
std::string properties(const Words &words) // source or source/filter
{
	obs_source_t *source = find(words[1]);
	obs_properties_t *made = obs_source_properties(source);
	int count = 0;
	for (obs_property_t *row = obs_properties_first(made); row; obs_property_next(&row))
		count++;
	obs_properties_destroy(made);
	obs_source_release(source);
	return std::to_string(count);
}
