// SPDX-License-Identifier: BSD-3-Clause
//
// The discard server of RFC 863: reads everything, counts the bytes, answers nothing.
// When the peer closes, so does it.
// Created by apps/host; the worker's loop calls it through application.h.
#ifndef APPS_DISCARD_H
#define APPS_DISCARD_H

#include "apps/application.h"
#include "apps/server.h"

// Returns 0 and the application; -EINVAL the configuration contradicts itself; -ENOMEM.
int discard_create(const struct server_config *config, struct application **application);

const struct server_results *discard_results(const struct application *application);

#endif
