// Stands in for obs64.exe: libobs and OBS's scripting of Windows, driven by lines on stdin.
//
//   host.exe GRAPHICS WIDTH HEIGHT FPS CONFIGURATION
//
// A line is a command and its arguments, divided by tabs; each is answered on stdout by one line
// that begins with "ok" or "error". OBS's log goes to stderr. The main thread is OBS's UI thread.

#include "host.hpp"

#include <windows.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

// Of obs-scripting and obs-frontend-api, whose headers come with no package.
extern "C" {
struct obs_script;
bool obs_scripting_load(void);
bool obs_scripting_load_python(const char *);
void obs_scripting_set_log_callback(void (*)(void *, obs_script *, int, const char *), void *);
obs_script *obs_script_create(const char *, obs_data_t *);
void obs_script_destroy(obs_script *);
bool obs_script_loaded(const obs_script *);
bool obs_script_reload(obs_script *);
void obs_script_update(obs_script *, obs_data_t *);
obs_data_t *obs_script_get_settings(obs_script *);
obs_properties_t *obs_script_get_properties(obs_script *);
}

void refuse(const std::string &why) { throw std::runtime_error(why); }

namespace {

std::mutex queue_mutex;
std::condition_variable queue_filled;
std::deque<std::function<void()>> queue;
std::vector<obs_script *> scripts;
std::thread::id ui_thread;
bool running = true;

void post(std::function<void()> work)
{
	std::lock_guard<std::mutex> hold(queue_mutex);
	queue.push_back(std::move(work));
	queue_filled.notify_one();
}

void run_one(void)
{
	std::unique_lock<std::mutex> hold(queue_mutex);
	queue_filled.wait(hold, [] { return !queue.empty(); });
	auto work = std::move(queue.front());
	queue.pop_front();
	hold.unlock();
	work();
}

void ui_task(obs_task_t task, void *data, bool wait)
{
	if (std::this_thread::get_id() == ui_thread && wait)
		return task(data);
	std::promise<void> done;
	post([&done, task, data, wait] {
		task(data);
		if (wait)
			done.set_value();
	});
	if (wait)
		done.get_future().wait();
}

// What the commands do

std::string script(const Words &words) // path; answers its number
{
	obs_data_t *settings = obs_data_create();
	obs_script *made = obs_script_create(words[1].c_str(), settings);
	obs_data_release(settings);
	if (!made || !obs_script_loaded(made))
		refuse("it was not loaded");
	scripts.push_back(made);
	return std::to_string(scripts.size() - 1);
}

std::string reload(const Words &words)
{
	return obs_script_reload(scripts.at(std::stoul(words[1]))) ? "" : "not loaded";
}

// Hands settings to a script and answers what the script put under "answer".
std::string ask(const Words &words) // number, settings
{
	obs_script *asked = scripts.at(std::stoul(words[1]));
	obs_data_t *settings = settings_of(words[2]);
	obs_script_update(asked, settings);
	obs_data_release(settings);
	settings = obs_script_get_settings(asked);
	std::string answer = obs_data_get_string(settings, "answer");
	obs_data_release(settings);
	return answer;
}

std::string panel(const Words &words) // number of a script
{
	obs_properties_t *made = obs_script_get_properties(scripts.at(std::stoul(words[1])));
	if (!made)
		refuse("the script has no panel");
	obs_properties_destroy(made);
	return "";
}

// Presses a button of a script's panel as the frontend does; answers what a line of it then says.
std::string press(const Words &words) // number of a script, button, line
{
	obs_properties_t *made = obs_script_get_properties(scripts.at(std::stoul(words[1])));
	obs_property_t *button = obs_properties_get(made, words[2].c_str());
	obs_property_t *line = obs_properties_get(made, words[3].c_str());
	if (!button || !line) {
		obs_properties_destroy(made);
		refuse("the panel has no " + words[2] + " or no " + words[3]);
	}
	obs_property_button_clicked(button, nullptr);
	std::string said = obs_property_description(line);
	obs_properties_destroy(made);
	for (char &letter : said)
		letter = letter == '\n' ? ' ' : letter;
	return said;
}

struct Wanted {
	const char *name;
	obs_hotkey_id id;
};

// Presses and lets go of a hotkey as the frontend does.
std::string hotkey(const Words &words) // its name
{
	Wanted wanted = {words[1].c_str(), OBS_INVALID_HOTKEY_ID};
	obs_enum_hotkeys(
		[](void *data, obs_hotkey_id id, obs_hotkey_t *key) {
			auto *wanted = static_cast<Wanted *>(data);
			if (!strcmp(obs_hotkey_get_name(key), wanted->name))
				wanted->id = id;
			return true;
		},
		&wanted);
	if (wanted.id == OBS_INVALID_HOTKEY_ID)
		refuse("there is no hotkey " + words[1]);
	obs_hotkey_trigger_routed_callback(wanted.id, true);
	obs_hotkey_trigger_routed_callback(wanted.id, false);
	return "";
}

std::string quit(const Words &)
{
	running = false;
	return "";
}

const std::map<std::string, std::pair<size_t, std::string (*)(const Words &)>> COMMANDS = {
	{"scene", {1, scene}},       {"program", {1, program}},   {"input", {4, input}},
	{"add", {2, add}},           {"forget", {1, forget}},     {"filter", {4, filter}},
	{"unfilter", {1, unfilter}}, {"set", {2, set}},           {"enable", {2, enable}},
	{"show", {3, show}},         {"script", {1, script}},     {"reload", {1, reload}},
	{"ask", {2, ask}},           {"properties", {1, properties}}, {"panel", {1, panel}},
	{"frames", {0, frames}},     {"shot", {2, shot}},         {"children", {0, children}},
	{"kill", {1, kill}},         {"hang", {2, hang}},         {"quit", {0, quit}},
	{"late", {0, late}},         {"air", {1, air}},           {"press", {3, press}},
	{"watch", {3, watch}},       {"watched", {0, watched}},   {"hotkey", {1, hotkey}},
};

std::string do_command(const std::string &line)
{
	Words words(1);
	for (char letter : line) {
		if (letter == '\t')
			words.emplace_back();
		else if (letter != '\r')
			words.back() += letter;
	}
	auto found = COMMANDS.find(words[0]);
	if (found == COMMANDS.end() || words.size() != found->second.first + 1)
		return "error no such command: " + line;
	try {
		return "ok " + found->second.second(words);
	} catch (const std::exception &error) {
		return std::string("error ") + error.what();
	}
}

void read_commands(void)
{
	for (std::string line; std::getline(std::cin, line);)
		post([line] { std::cout << do_command(line) << std::endl; });
	post([] { running = false; });
}

// OBS's beginning and end

void write_log(int level, const char *format, va_list arguments, void *)
{
	static std::mutex one_at_a_time;
	std::lock_guard<std::mutex> hold(one_at_a_time);
	fputs(level <= LOG_WARNING ? "warning: " : "info: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	fflush(stderr);
}

void script_log(void *, obs_script *, int level, const char *message)
{
	blog(level, "[script] %s", message);
}

void start(char **words)
{
	if (!obs_startup("en-US", words[5], nullptr))
		refuse("obs_startup failed");
	obs_video_info video = {};
	video.graphics_module = words[1];
	video.fps_num = std::stoul(words[4]);
	video.fps_den = 1;
	video.base_width = video.output_width = std::stoul(words[2]);
	video.base_height = video.output_height = std::stoul(words[3]);
	video.output_format = VIDEO_FORMAT_BGRA;
	video.gpu_conversion = true;
	video.colorspace = VIDEO_CS_SRGB;
	video.range = VIDEO_RANGE_FULL;
	obs_audio_info audio = {48000, SPEAKERS_STEREO};
	if (obs_reset_video(&video) != OBS_VIDEO_SUCCESS || !obs_reset_audio(&audio))
		refuse("the graphics module did not start");
	obs_set_ui_task_handler(ui_task);
	obs_hotkey_enable_callback_rerouting(true);
	set_frontend();
	obs_load_all_modules();
	obs_post_load_modules();
	if (!obs_scripting_load())
		refuse("obs_scripting_load failed");
	obs_scripting_set_log_callback(script_log, nullptr);
	if (!obs_scripting_load_python(getenv("HOST_PYTHON")))
		refuse("OBS's Python could not be loaded");
	watch_program();
}

// In the order of OBSBasic::closeEvent and ClearSceneData.
void end(void)
{
	tell(SCRIPTING_SHUTDOWN);
	leave_program();
	for (int channel = 0; channel < MAX_CHANNELS; channel++)
		obs_set_output_source(channel, nullptr);
	for (auto *input : inputs)
		obs_source_remove(input);
	for (auto *scene : scenes)
		obs_source_remove(obs_scene_get_source(scene));
	for (auto *input : inputs)
		obs_source_release(input);
	for (auto *scene : scenes)
		obs_scene_release(scene);
	tell(COLLECTION_CLEANUP);
	for (auto *script : scripts)
		obs_script_destroy(script);
	do {
		std::unique_lock<std::mutex> hold(queue_mutex);
		for (bool empty = queue.empty(); !empty;) {
			auto work = std::move(queue.front());
			queue.pop_front();
			empty = queue.empty();
			hold.unlock();
			work();
			hold.lock();
		}
	} while (obs_wait_for_destroy_queue());
	tell(EXIT);
}

} // namespace

int main(int count, char **words)
{
	if (count != 6)
		return 2;
	ui_thread = std::this_thread::get_id();
	base_set_log_handler(write_log, nullptr);
	SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
	try {
		start(words);
	} catch (const std::exception &error) {
		std::cout << "error " << error.what() << std::endl;
		return 1;
	}
	tell(FINISHED_LOADING);
	std::cout << "ok" << std::endl;
	std::thread(read_commands).detach();
	while (running)
		run_one();
	end();
	obs_shutdown(); // the module frontend-tools ends the scripting on its way
	std::cout << "ok " << bnum_allocs() << " leaks" << std::endl;
	_exit(0); // the reading thread waits for stdin
}
