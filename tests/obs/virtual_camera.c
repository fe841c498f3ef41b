/* A virtual camera's device without the kernel's module v4l2loopback, to be preloaded into OBS.
 *
 * OBS's own output for the virtual camera looks for the module and for a device, sets the device's
 * format and writes frames. Here it finds both; the frames end up in the file that
 * VIRTUAL_CAMERA_FILE names, one after the other, as OBS wrote them.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "video77"

static int device = -1;

int open(const char *path, int flags, ...)
{
	int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
	va_list more;
	va_start(more, flags);
	int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0;
	va_end(more);
	if (strcmp(path, "/dev/" NAME))
		return next(path, flags, mode);
	device = next(getenv("VIRTUAL_CAMERA_FILE"), O_WRONLY | O_CREAT | O_APPEND, 0600);
	return device;
}

int close(int descriptor)
{
	int (*next)(int) = dlsym(RTLD_NEXT, "close");
	if (descriptor == device)
		device = -1;
	return next(descriptor);
}

int ioctl(int descriptor, unsigned long request, ...)
{
	int (*next)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
	va_list more;
	va_start(more, request);
	void *argument = va_arg(more, void *);
	va_end(more);
	if (descriptor < 0 || descriptor != device)
		return next(descriptor, request, argument);
	if (request == VIDIOC_QUERYCAP) {
		struct v4l2_capability *able = argument;
		memset(able, 0, sizeof(*able));
		able->capabilities = able->device_caps = V4L2_CAP_VIDEO_OUTPUT;
	} else if (request == VIDIOC_G_FMT) {
		struct v4l2_format *format = argument;
		memset(&format->fmt, 0, sizeof(format->fmt));
	}
	return 0; /* whatever it is to do, it does */
}

FILE *fopen(const char *path, const char *how)
{
	static char modules[] = "v4l2loopback 1 0 - Live 0x0\n";
	FILE *(*next)(const char *, const char *) = dlsym(RTLD_NEXT, "fopen");
	if (strcmp(path, "/proc/modules"))
		return next(path, how);
	return fmemopen(modules, sizeof(modules) - 1, "r");
}

int scandir(const char *folder, struct dirent ***list, int (*filter)(const struct dirent *),
	    int (*compare)(const struct dirent **, const struct dirent **))
{
	int (*next)(const char *, struct dirent ***, int (*)(const struct dirent *),
		    int (*)(const struct dirent **, const struct dirent **)) =
		dlsym(RTLD_NEXT, "scandir");
	if (strcmp(folder, "/dev"))
		return next(folder, list, filter, compare);
	*list = malloc(sizeof(**list));
	**list = calloc(1, sizeof(***list));
	strcpy((**list)->d_name, NAME);
	return 1;
}
