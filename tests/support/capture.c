// SPDX-License-Identifier: BSD-3-Clause
//
// A ring of frames and the three blocks of pcapng that hold them, see capture.h.
// Sections say their byte order themselves, so everything is written in the machine's own.
// Called by support/pair.
#include "support/capture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	LINKTYPE_ETHERNET = 1,
	LINKTYPE_RAW = 101,
	OPTION_END = 0,
	OPTION_COMMENT = 1,
	OPTION_IF_NAME = 2,
	OPTION_IF_TSRESOL = 9,
	OPTION_EPB_FLAGS = 2,
	FLAG_INBOUND = 1,
	FLAG_OUTBOUND = 2,
	NANOSECONDS = 9, // as a power of ten
	BLOCK_BYTES = 512,
};

struct block {
	uint32_t used;
	_Alignas(uint32_t) uint8_t bytes[BLOCK_BYTES];
};

// A ring that was given back: a test that makes thousands of pairs takes it again.
static struct capture_record *spare;

void capture_init(struct capture *capture)
{
	*capture = (struct capture){.ring = spare};
	spare = NULL;
	if (capture->ring == NULL)
		capture->ring = malloc(CAPTURE_FRAMES * sizeof(*capture->ring));
	if (capture->ring == NULL)
		abort();
}

void capture_fini(struct capture *capture)
{
	free(spare);
	spare = capture->ring;
	capture->ring = NULL;
}

void capture_frame(struct capture *capture, unsigned interface, unsigned notes,
		   const uint8_t *bytes, size_t len_bytes, plx_time at)
{
	struct capture_record *record = &capture->ring[capture->count++ % CAPTURE_FRAMES];

	record->at = at;
	record->len_bytes = (uint32_t)len_bytes;
	record->interface = (uint16_t)interface;
	record->notes = (uint16_t)notes;
	memcpy(record->bytes, bytes, len_bytes < CAPTURE_BYTES ? len_bytes : CAPTURE_BYTES);
}

static void add(struct block *block, const void *bytes, size_t len_bytes)
{
	memcpy(block->bytes + block->used, bytes, len_bytes);
	block->used += (uint32_t)len_bytes;
	while (block->used % sizeof(uint32_t) != 0)
		block->bytes[block->used++] = 0;
}

static void add_u32(struct block *block, uint32_t value)
{
	add(block, &value, sizeof(value));
}

static void add_option(struct block *block, uint16_t code, const void *bytes, size_t len_bytes)
{
	uint16_t header[] = {code, (uint16_t)len_bytes};

	add(block, header, sizeof(header));
	add(block, bytes, len_bytes);
}

static void begin(struct block *block, uint32_t type)
{
	block->used = 0;
	add_u32(block, type);
	add_u32(block, 0); // its length, when that is known
}

static void end(struct block *block, FILE *file)
{
	uint32_t len_bytes;

	add_option(block, OPTION_END, "", 0);
	len_bytes = block->used + (uint32_t)sizeof(len_bytes);
	memcpy(block->bytes + sizeof(uint32_t), &len_bytes, sizeof(len_bytes));
	add_u32(block, len_bytes);
	fwrite(block->bytes, 1, len_bytes, file);
}

static void write_section(FILE *file)
{
	const uint16_t version[] = {1, 0};
	const int64_t unknown_len = -1;
	struct block block;

	begin(&block, BLOCK_SECTION);
	add_u32(&block, BYTE_ORDER_MAGIC);
	add(&block, version, sizeof(version));
	add(&block, &unknown_len, sizeof(unknown_len));
	end(&block, file);
}

static void write_interface(FILE *file, const char *name, enum plx_link link)
{
	const uint8_t resolution = NANOSECONDS;
	struct block block;

	begin(&block, BLOCK_INTERFACE);
	add_u32(&block, link == PLX_LINK_IP ? LINKTYPE_RAW : LINKTYPE_ETHERNET);
	add_u32(&block, CAPTURE_BYTES);
	add_option(&block, OPTION_IF_NAME, name, strlen(name));
	add_option(&block, OPTION_IF_TSRESOL, &resolution, sizeof(resolution));
	end(&block, file);
}

static void describe(unsigned notes, char *text, size_t text_bytes)
{
	snprintf(text, text_bytes, "%s%s%s%s%s",
		 notes & CAPTURE_LOST_IN_QUEUE ? "lost: the queue is full. " : "",
		 notes & CAPTURE_LOST ? "lost. " : "",
		 notes & CAPTURE_CORRUPTED ? "a bit is flipped. " : "",
		 notes & CAPTURE_MARKED ? "marked. " : "",
		 notes & CAPTURE_COPIED ? "doubled. " : "");
}

static void write_packet(FILE *file, const struct capture_record *record)
{
	uint32_t kept = record->len_bytes < CAPTURE_BYTES ? record->len_bytes : CAPTURE_BYTES;
	uint32_t flags = record->notes & CAPTURE_RECEIVED ? FLAG_INBOUND : FLAG_OUTBOUND;
	struct block block;
	char comment[128];

	begin(&block, BLOCK_PACKET);
	add_u32(&block, record->interface);
	add_u32(&block, (uint32_t)(record->at >> 32));
	add_u32(&block, (uint32_t)record->at);
	add_u32(&block, kept);
	add_u32(&block, record->len_bytes);
	add(&block, record->bytes, kept);
	add_option(&block, OPTION_EPB_FLAGS, &flags, sizeof(flags));
	describe(record->notes, comment, sizeof(comment));
	if (comment[0] != '\0')
		add_option(&block, OPTION_COMMENT, comment, strlen(comment));
	end(&block, file);
}

bool capture_write(const struct capture *capture, const char *path,
		   const char *const names[CAPTURE_INTERFACES], enum plx_link link)
{
	uint64_t first = capture->count > CAPTURE_FRAMES ? capture->count - CAPTURE_FRAMES : 0;
	FILE *file = fopen(path, "wb");
	bool is_whole;

	if (file == NULL)
		return false;
	write_section(file);
	for (unsigned i = 0; i < CAPTURE_INTERFACES; i++)
		write_interface(file, names[i], link);
	for (uint64_t i = first; i < capture->count; i++)
		write_packet(file, &capture->ring[i % CAPTURE_FRAMES]);
	is_whole = ferror(file) == 0;
	return fclose(file) == 0 && is_whole;
}
