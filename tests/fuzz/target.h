// SPDX-License-Identifier: BSD-3-Clause
//
// What every fuzz target of this folder defines: libFuzzer's two entries, which replay.c calls as well.
// A target ends the process when it finds a fault, and keeps nothing from one input to the next.
// Included by every target and by the replay.
#ifndef FUZZ_TARGET_H
#define FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

// Once, before the first input. A target that needs nothing leaves it out.
__attribute__((weak)) int LLVMFuzzerInitialize(int *argc, char ***argv);

// One input; returns 0.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
