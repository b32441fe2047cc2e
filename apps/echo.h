// SPDX-License-Identifier: BSD-3-Clause
//
// The echo server of RFC 862: every byte goes back to where it came from, in order.
// It takes from the receive queue only what the send queue has taken, so a peer that does not read
// is not read from either. A half-close is passed on once everything before it has gone back.
// Created by apps/host; the worker's loop calls it through application.h.
#ifndef APPS_ECHO_H
#define APPS_ECHO_H

#include "apps/application.h"
#include "apps/server.h"

// Returns 0 and the application; -EINVAL the configuration contradicts itself; -ENOMEM.
int echo_create(const struct server_config *config, struct application **application);

const struct server_results *echo_results(const struct application *application);

#endif
