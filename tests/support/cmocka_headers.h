// SPDX-License-Identifier: BSD-3-Clause
//
// cmocka.h with the headers it needs in front of it and forgets to include.
// Nothing of its own.
// Included by every test program.
#ifndef SUPPORT_CMOCKA_HEADERS_H
#define SUPPORT_CMOCKA_HEADERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
