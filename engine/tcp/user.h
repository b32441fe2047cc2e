// SPDX-License-Identifier: BSD-3-Clause
//
// The user's calls of RFC 9293 3.10.1 to 3.10.6. What they mean, and every error, is said in
// <pollux/conn.h> and <pollux/option.h>.
// Called by stack/api.
#ifndef TCP_USER_H
#define TCP_USER_H

#include <pollux/conn.h>
#include <pollux/info.h>

#include "tcp/tcp.h"

int user_connect(struct tcp *tcp, const struct plx_connect_args *args, plx_conn *handle);
int user_close(struct tcp *tcp, plx_conn handle);
int user_abort(struct tcp *tcp, plx_conn handle);
int user_shutdown(struct tcp *tcp, plx_conn handle, enum plx_shutdown_how how);
int64_t user_send(struct tcp *tcp, plx_conn handle, const void *data, size_t len_bytes);
int user_send_mbuf(struct tcp *tcp, plx_conn handle, struct rte_mbuf *mbuf);
int64_t user_send_external(struct tcp *tcp, plx_conn handle, const struct plx_external *external);
int64_t user_writable(struct tcp *tcp, plx_conn handle);
unsigned user_sent(struct tcp *tcp, uint64_t *cookies, unsigned max);
int64_t user_recv(struct tcp *tcp, plx_conn handle, void *buffer, size_t len_bytes, unsigned flags);
int user_recv_mbuf(struct tcp *tcp, plx_conn handle, struct rte_mbuf **mbuf);
int64_t user_readable(struct tcp *tcp, plx_conn handle);
int user_set_option(struct tcp *tcp, plx_conn handle, enum plx_option option, int64_t value);
int user_get_option(struct tcp *tcp, plx_conn handle, enum plx_option option, int64_t *value);
int user_get_info(struct tcp *tcp, plx_conn handle, struct plx_info *info);

#endif
