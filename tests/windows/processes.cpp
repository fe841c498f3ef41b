// The processes below this one: seen, ended, stopped.

#include "host.hpp"

#include <windows.h>
#include <tlhelp32.h>

#include <map>

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
