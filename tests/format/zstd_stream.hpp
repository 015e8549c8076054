#pragma once
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <zstd.h>

namespace tapedeck::test {

/// What `zstd -t` says of these bytes: empty if it would pass, else why it would not.
inline std::string zstd_objection(std::string_view bytes) {
  ZSTD_DCtx* context = ZSTD_createDCtx();
  std::string out(ZSTD_DStreamOutSize(), '\0');
  ZSTD_inBuffer from{bytes.data(), bytes.size(), 0};
  std::string objection = bytes.empty() ? "it is empty" : "";
  std::size_t left = 0;
  while (objection.empty() && (from.pos < from.size || left != 0)) {
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    const std::size_t before = from.pos;
    left = ZSTD_decompressStream(context, &to, &from);
    if (ZSTD_isError(left) != 0) objection = ZSTD_getErrorName(left);
    if (left != 0 && from.pos == before && to.pos == 0) objection = "it ends within a frame";
  }
  ZSTD_freeDCtx(context);
  return objection;
}

/// Every sealed tape is a legal zstd stream.
inline void check_zstd(std::string_view tape) { CHECK(zstd_objection(tape) == ""); }

}  // namespace tapedeck::test
