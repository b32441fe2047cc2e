/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * All of the public interface of libpollux.
 */
#ifndef POLLUX_POLLUX_H
#define POLLUX_POLLUX_H

#include <pollux/conn.h>
#include <pollux/drop.h>
#include <pollux/event.h>
#include <pollux/info.h>
#include <pollux/option.h>
#include <pollux/stack.h>
#include <pollux/stats.h>
#include <pollux/types.h>

#endif
