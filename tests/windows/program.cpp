// The program's pictures, taken on the graphics thread right after each was drawn: what a command
// began is seen from the first frame that was begun after it, and in every frame from there on.

#include "host.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <utility>

namespace {

std::mutex mutex;
std::condition_variable answered;
gs_stagesurf_t *surface; // of the graphics thread
uint64_t drawn;

// What was asked for, by number; a frame answers what was asked before it was begun.
int asked, begun;

std::string picture_path;
int picture_asked, picture_frames;

// Where the room must not show, one byte a pixel; empty while nothing is watched.
std::vector<uint8_t> hidden;
uint8_t secret[3]; // B, G, R
int watch_asked, watched_frames;
size_t worst_pixels;
std::string worst_path;

bool on_air;

constexpr int NEAR_LEVELS = 80; // as tests.obs.stage.room_pixels has it

void on_tick(void *, float)
{
	std::lock_guard<std::mutex> hold(mutex);
	begun = asked;
}

size_t count_room(const std::vector<uint8_t> &pixels)
{
	size_t count = 0;
	for (size_t i = 0; i < hidden.size(); i++) {
		const uint8_t *pixel = pixels.data() + i * 4;
		count += hidden[i] && abs(pixel[0] - secret[0]) < NEAR_LEVELS &&
			 abs(pixel[1] - secret[1]) < NEAR_LEVELS &&
			 abs(pixel[2] - secret[2]) < NEAR_LEVELS;
	}
	return count;
}

void write(const std::string &path, const std::vector<uint8_t> &pixels)
{
	FILE *file = fopen(path.c_str(), "wb"); // of our own C runtime
	if (!file)
		return;
	fwrite(pixels.data(), 1, pixels.size(), file);
	fclose(file);
}

void look(const std::vector<uint8_t> &pixels)
{
	std::lock_guard<std::mutex> hold(mutex);
	drawn++;
	if (!picture_path.empty() && begun >= picture_asked && --picture_frames <= 0) {
		write(picture_path, pixels);
		picture_path.clear();
		answered.notify_all();
	}
	if (hidden.size() * 4 != pixels.size() || begun < watch_asked)
		return;
	watched_frames++;
	size_t count = count_room(pixels);
	if (count > worst_pixels) {
		worst_pixels = count;
		write(worst_path, pixels);
	}
}

void on_drawn(void *)
{
	gs_texture_t *texture = obs_get_main_texture();
	if (!texture)
		return;
	uint32_t width = gs_texture_get_width(texture), height = gs_texture_get_height(texture);
	gs_color_format format = gs_texture_get_color_format(texture);
	if (!surface)
		surface = gs_stagesurface_create(width, height, format);
	uint8_t *rows;
	uint32_t stride;
	gs_stage_texture(surface, texture);
	if (!gs_stagesurface_map(surface, &rows, &stride))
		return;
	std::vector<uint8_t> pixels(width * height * 4); // BGRA
	for (uint32_t y = 0; y < height; y++)
		std::copy_n(rows + y * stride, width * 4, pixels.begin() + y * width * 4);
	gs_stagesurface_unmap(surface);
	for (size_t i = 0; format == GS_RGBA && i < pixels.size(); i += 4)
		std::swap(pixels[i], pixels[i + 2]);
	look(pixels);
}

void on_raw_video(void *, video_data *) {}

void set_on_air(bool wanted)
{
	if (wanted && !on_air)
		obs_add_raw_video_callback(nullptr, on_raw_video, nullptr);
	if (!wanted && on_air)
		obs_remove_raw_video_callback(on_raw_video, nullptr);
	on_air = wanted;
}

} // namespace

void watch_program(void)
{
	obs_add_tick_callback(on_tick, nullptr);
	obs_add_main_rendered_callback(on_drawn, nullptr);
}

void leave_program(void)
{
	set_on_air(false);
	obs_remove_main_rendered_callback(on_drawn, nullptr);
	obs_remove_tick_callback(on_tick, nullptr);
	obs_enter_graphics();
	gs_stagesurface_destroy(surface);
	obs_leave_graphics();
}

// How many frames were drawn.
std::string frames(const Words &)
{
	std::lock_guard<std::mutex> hold(mutex);
	return std::to_string(drawn);
}

// How many frames were begun, and how many came too late, as OBS's statistics count them.
std::string late(const Words &)
{
	return std::to_string(obs_get_total_frames()) + " " + std::to_string(obs_get_lagged_frames());
}

// Lets something take every frame, as a recording or stream does, or no longer.
std::string air(const Words &words) // 1 or 0
{
	set_on_air(words[1] == "1");
	return "";
}

// The program's picture, BGRA, top row first: the so-manieth begun after this.
std::string shot(const Words &words) // path, number of frames
{
	std::unique_lock<std::mutex> hold(mutex);
	picture_asked = ++asked;
	picture_frames = std::stoi(words[2]);
	picture_path = words[1];
	answered.wait_for(hold, std::chrono::seconds(60), [] { return picture_path.empty(); });
	if (!picture_path.empty())
		refuse("no frame within a minute");
	return "";
}

// Looks for the room in every frame that is begun after this.
std::string watch(const Words &words) // file of where it must not show, its colour RRGGBB, path
{
	std::lock_guard<std::mutex> hold(mutex);
	obs_video_info video;
	obs_get_video_info(&video);
	hidden.resize(video.base_width * video.base_height);
	FILE *file = fopen(words[1].c_str(), "rb");
	size_t length = file ? fread(hidden.data(), 1, hidden.size(), file) : 0;
	if (file)
		fclose(file);
	if (length != hidden.size())
		refuse("it is not of the program's size: " + words[1]);
	unsigned long color = std::stoul(words[2], nullptr, 16);
	for (int i = 0; i < 3; i++)
		secret[i] = uint8_t(color >> (8 * i));
	worst_path = words[3];
	worst_pixels = watched_frames = 0;
	watch_asked = ++asked;
	return "";
}

// Answers how many frames were looked at since the last answer, and the most pixels of the room that
// one of them had; that frame lies in the file that "watch" named.
std::string watched(const Words &)
{
	std::lock_guard<std::mutex> hold(mutex);
	std::string answer = std::to_string(watched_frames) + " " + std::to_string(worst_pixels);
	worst_pixels = watched_frames = 0;
	return answer;
}
