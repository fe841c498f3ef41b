// Stands in for obs64.exe: libobs and OBS's scripting of Windows, driven by lines on stdin.
//
//   host.exe GRAPHICS WIDTH HEIGHT FPS CONFIGURATION
//
// A line is a command and its arguments, divided by tabs; each is answered on stdout by one line
// that begins with "ok" or "error". OBS's log goes to stderr. The main thread is OBS's UI thread.
// What obs-frontend-api asks of the frontend is answered from a table made by hand, since the
// compilers differ in how they lay out a class with a virtual destructor.

#include <obs.h>

#include <windows.h>
#include <tlhelp32.h>

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
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

using Words = std::vector<std::string>;

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

namespace {

using EventCallback = void (*)(int event, void *data);
enum Event { SCENE_CHANGED = 8, EXIT = 17, COLLECTION_CLEANUP = 25, FINISHED_LOADING = 26,
	     SCRIPTING_SHUTDOWN = 36 };
// Places in the table of obs_frontend_callbacks of OBS 31.1.1, whose library both use.
enum Place { GET_SCENES = 4, GET_CURRENT_SCENE = 5, SET_CURRENT_SCENE = 6, ADD_EVENT_CALLBACK = 46,
	     REMOVE_EVENT_CALLBACK = 47, PLACES = 128 };

struct SourceList {
	obs_source_t **array;
	size_t count, capacity;
};

std::mutex queue_mutex;
std::condition_variable queue_filled;
std::deque<std::function<void()>> queue;
std::vector<std::pair<EventCallback, void *>> listeners;
std::vector<obs_scene_t *> scenes;
std::vector<obs_source_t *> inputs;
std::vector<obs_script *> scripts;
std::mutex picture_mutex;
std::string picture_path;
int picture_countdown = 0;
std::condition_variable picture_taken;
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

// What obs-frontend-api asks

void *nothing(void *) { return nullptr; }

void get_scenes(void *, SourceList *list)
{
	list->count = list->capacity = scenes.size();
	list->array = static_cast<obs_source_t **>(bmalloc(sizeof(void *) * (scenes.size() + 1)));
	for (size_t i = 0; i < scenes.size(); i++)
		list->array[i] = obs_source_get_ref(obs_scene_get_source(scenes[i]));
}

obs_source_t *get_current_scene(void *) { return obs_get_output_source(0); }

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

void add_event_callback(void *, EventCallback callback, void *data)
{
	listeners.emplace_back(callback, data);
}

void remove_event_callback(void *, EventCallback callback, void *data)
{
	std::erase(listeners, std::make_pair(callback, data));
}

[[noreturn]] void refuse(const std::string &why) { throw std::runtime_error(why); }

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

// What the commands do

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

obs_data_t *settings_of(const std::string &json)
{
	obs_data_t *data = obs_data_create_from_json(json.c_str());
	if (!data)
		refuse("no JSON: " + json);
	return data;
}

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
	obs_scene_add(find_scene(words[1]), source);
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

std::string panel(const Words &words) // number of a script
{
	obs_properties_t *made = obs_script_get_properties(scripts.at(std::stoul(words[1])));
	if (!made)
		refuse("the script has no panel");
	obs_properties_destroy(made);
	return "";
}

std::string frames(const Words &)
{
	return std::to_string(obs_get_total_frames() - obs_get_lagged_frames());
}

void on_picture(void *, video_data *data)
{
	std::lock_guard<std::mutex> hold(picture_mutex);
	if (picture_path.empty() || --picture_countdown > 0)
		return;
	obs_video_info video;
	obs_get_video_info(&video);
	FILE *file = fopen(picture_path.c_str(), "wb"); // of our own C runtime
	for (uint32_t y = 0; file && y < video.output_height; y++)
		fwrite(data->data[0] + y * data->linesize[0], 4, video.output_width, file);
	if (file)
		fclose(file);
	picture_path.clear();
	picture_taken.notify_all();
}

// The program's picture some frames from now: BGRA, top row first.
std::string shot(const Words &words) // path, frames to wait for
{
	std::unique_lock<std::mutex> hold(picture_mutex);
	picture_path = words[1];
	picture_countdown = std::stoi(words[2]);
	picture_taken.wait_for(hold, std::chrono::seconds(60), [] { return picture_path.empty(); });
	if (!picture_path.empty())
		refuse("no frame within a minute");
	return "";
}

// The processes below this one, each as number:name.
std::string children(const Words &)
{
	std::map<DWORD, PROCESSENTRY32> known;
	HANDLE list = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
	PROCESSENTRY32 entry = {};
	entry.dwSize = sizeof entry;
	for (BOOL more = Process32First(list, &entry); more; more = Process32Next(list, &entry))
		known[entry.th32ProcessID] = entry;
	CloseHandle(list);
	std::string answer;
	for (auto &[number, process] : known) {
		DWORD above = process.th32ParentProcessID;
		while (above && above != GetCurrentProcessId() && known.contains(above))
			above = known[above].th32ParentProcessID;
		if (above == GetCurrentProcessId())
			answer += std::to_string(number) + ":" + process.szExeFile + " ";
	}
	return answer;
}

std::string kill(const Words &words) // number of a process
{
	HANDLE process = OpenProcess(PROCESS_TERMINATE, FALSE, std::stoul(words[1]));
	if (!process || !TerminateProcess(process, 9))
		refuse("it cannot be ended");
	CloseHandle(process);
	return "";
}

// As a thing that stands still: all threads of a process are stopped, or go on.
std::string hang(const Words &words) // number of a process, 1 or 0
{
	HANDLE list = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
	THREADENTRY32 entry = {};
	entry.dwSize = sizeof entry;
	int count = 0;
	for (BOOL more = Thread32First(list, &entry); more; more = Thread32Next(list, &entry)) {
		if (entry.th32OwnerProcessID != std::stoul(words[1]))
			continue;
		HANDLE thread = OpenThread(THREAD_SUSPEND_RESUME, FALSE, entry.th32ThreadID);
		count += thread && (words[2] == "1" ? SuspendThread(thread) : ResumeThread(thread)) != DWORD(-1);
		CloseHandle(thread);
	}
	CloseHandle(list);
	return std::to_string(count);
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
	set_frontend();
	obs_load_all_modules();
	obs_post_load_modules();
	if (!obs_scripting_load())
		refuse("obs_scripting_load failed");
	obs_scripting_set_log_callback(script_log, nullptr);
	if (!obs_scripting_load_python(getenv("HOST_PYTHON")))
		refuse("OBS's Python could not be loaded");
	obs_add_raw_video_callback(nullptr, on_picture, nullptr);
}

// In the order of OBSBasic::closeEvent and ClearSceneData.
void end(void)
{
	tell(SCRIPTING_SHUTDOWN);
	obs_remove_raw_video_callback(on_picture, nullptr);
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
