#include "format/record_encoder.hpp"

#include "format/compressibility.hpp"
#include "format/wire.hpp"

namespace tapedeck::format {
namespace {

void encode_chunk(EncodeJob& job, Compressor& compressor, Encrypted encrypted) {
  ChunkBody body{job.chunk.facts, {}};
  std::vector<FrameContent> frames;
  for (auto& [id, bytes] : job.chunk.columns) {
    const auto raw_len = static_cast<std::uint32_t>(bytes.size());
    frames.push_back(id == Column::stored ? compressor.glance_or_keep(std::move(bytes))
                                          : compressor.compress_or_keep(bytes));
    ColumnEntry entry;
    entry.id = static_cast<std::uint16_t>(id);
    entry.codec = frames.back().codec;
    entry.flags = column_flags(id);
    entry.raw_len = raw_len;
    body.columns.push_back(entry);
  }
  if (encrypted == Encrypted::yes) {
    for (std::size_t i = 0; i < frames.size(); ++i) body.columns[i].stored_len = encrypted_length(frames[i]);
    job.frames = std::move(frames);
  } else {
    job.payload = store_payload(frames, std::move(job.payload.bytes));
    for (std::size_t i = 0; i < body.columns.size(); ++i) {
      body.columns[i].stored_len = job.payload.frames[i].length;
      body.columns[i].stored_xxh3 = job.payload.frames[i].xxh3;
    }
  }
  job.body = encode_chunk_body(body);
}

void encode_one_frame(EncodeJob& job, Compressor& compressor, Encrypted encrypted) {
  std::vector<FrameContent> frames;
  if (job.content.empty()) {
    // No frame: a note without JSON, a part of a blob that equals another. Encrypted it has an empty one, whose tag
    // vouches for the record.
    if (encrypted == Encrypted::yes) frames.emplace_back();
  } else if (job.type == RecordType::blob) {
    frames.push_back(looks_incompressible(job.content) ? compressor.glance_or_keep(std::move(job.content))
                                                       : compressor.compress_or_keep(job.content));
    store<std::uint8_t>(job.body, 48, static_cast<std::uint8_t>(frames.back().codec));
  } else {
    frames.push_back({Codec::zstd, compressor.compress(job.content)});
  }
  if (encrypted == Encrypted::yes) {
    job.frames = std::move(frames);
  } else {
    job.payload = store_payload(frames, std::move(job.payload.bytes));
  }
  job.content.clear();
}

void encode(EncodeJob& job, Compressor& compressor, Encrypted encrypted) {
  if (job.type == RecordType::chunk) {
    encode_chunk(job, compressor, encrypted);
  } else {
    encode_one_frame(job, compressor, encrypted);
  }
}

}  // namespace

RecordEncoder::RecordEncoder(int level, unsigned workers, Encrypted encrypted)
    : x_level(level),
      x_encrypted(encrypted),
      x_limit(workers == 0 ? 1 : 2 * std::size_t{workers} + 2),
      x_compressor(level) {
  for (unsigned i = 0; i < workers; ++i) x_workers.emplace_back([this] { work(); });
}

RecordEncoder::~RecordEncoder() {
  {
    const std::lock_guard lock(x_mutex);
    x_stopping = true;
    x_has_work.notify_all();
  }
  for (std::thread& worker : x_workers) worker.join();
}

void RecordEncoder::submit(EncodeJob job) {
  auto owned = std::make_unique<EncodeJob>(std::move(job));
  owned->raw_size = owned->content.size();
  for (const auto& [id, bytes] : owned->chunk.columns) owned->raw_size += bytes.size();
  if (x_workers.empty()) {
    encode(*owned, x_compressor, x_encrypted);
    owned->done = true;
    x_jobs.push_back(std::move(owned));
    return;
  }
  const std::lock_guard lock(x_mutex);
  x_jobs.push_back(std::move(owned));
  x_has_work.notify_one();
}

bool RecordEncoder::full() const {
  const std::lock_guard lock(x_mutex);
  return x_jobs.size() >= x_limit;
}

bool RecordEncoder::empty() const {
  const std::lock_guard lock(x_mutex);
  return x_jobs.empty();
}

std::uint64_t RecordEncoder::memory() const {
  const std::lock_guard lock(x_mutex);
  std::uint64_t total = 0;
  // While it is encoded a record is there twice, at worst.
  for (const auto& job : x_jobs) total += sizeof(EncodeJob) + 2 * job->raw_size;
  return total;
}

std::unique_ptr<EncodeJob> RecordEncoder::take(Wait wait) {
  std::unique_lock lock(x_mutex);
  if (x_jobs.empty()) return nullptr;
  if (wait == Wait::yes) x_is_done.wait(lock, [&] { return x_jobs.front()->done; });
  if (!x_jobs.front()->done) return nullptr;
  std::unique_ptr<EncodeJob> job = std::move(x_jobs.front());
  x_jobs.pop_front();
  if (x_started > 0) --x_started;
  return job;
}

void RecordEncoder::clear() {
  while (take(Wait::yes) != nullptr) {
  }
}

void RecordEncoder::work() {
  Compressor compressor(x_level);
  std::unique_lock lock(x_mutex);
  for (;;) {
    x_has_work.wait(lock, [&] { return x_stopping || x_started < x_jobs.size(); });
    if (x_stopping) return;
    EncodeJob& job = *x_jobs[x_started++];
    lock.unlock();
    encode(job, compressor, x_encrypted);
    lock.lock();
    job.done = true;
    x_is_done.notify_one();
  }
}

}  // namespace tapedeck::format
