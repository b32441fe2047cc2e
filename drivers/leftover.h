// SPDX-License-Identifier: BSD-3-Clause
//
// Traces that a process leaves in the file system: an EAL run-time directory and huge page files,
// both named by a prefix with the process's id in it. Our own go as soon as the EAL is up; those of
// processes that were killed before are found by that name. Called by bring-up.
#ifndef DRIVERS_LEFTOVER_H
#define DRIVERS_LEFTOVER_H

#define LEFTOVER_PREFIX_BYTES 32

// "pollux-<pid>": the EAL's file prefix of this process.
void leftover_prefix(char prefix[LEFTOVER_PREFIX_BYTES]);

// Removes huge page files of dead processes from a hugetlbfs. Returns how many.
unsigned leftover_sweep_huge_pages(const char *mount);

// Removes the (empty) run-time directories of dead processes beside `runtime_dir`. Returns how
// many.
unsigned leftover_sweep_runtime(const char *runtime_dir);

// Removes this process's own huge page files; mapped memory stays until the process ends.
void leftover_remove_huge_pages(const char *mount);

#endif
