#include "replay/report.hpp"

#include <array>

#include <openssl/evp.h>

#include "base/json_writer.hpp"
#include "replay/report_data.hpp"

namespace tapedeck::replay {

namespace embedded {
extern const std::string_view kPage;
extern const std::string_view kStyle;
extern const std::string_view kScript;
extern const std::string_view kChartJs;
}  // namespace embedded

namespace {

/// `'sha256-...'`, as a Content-Security-Policy names what may run.
std::string csp_hash(std::string_view content) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(content.data(), content.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return "'sha256-" + base64({reinterpret_cast<const char*>(digest.data()), size}) + "'";
}

/// JSON inside a script element: no `<`, so that nothing in it can end the element or open a comment.
std::string for_script_element(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (const char c : json) {
    if (c == '<')
      out += "\\u003c";
    else if (c == '>')
      out += "\\u003e";
    else if (c == '&')
      out += "\\u0026";
    else
      out += c;
  }
  return out;
}

/// Fills the `{{NAME}}` of the page, each once, in one pass: what is put in is never looked at again.
std::string fill_page(std::string_view page,
                      std::initializer_list<std::pair<std::string_view, std::string_view>> values) {
  std::string out;
  while (!page.empty()) {
    const std::size_t open = page.find("{{");
    const std::size_t close = open == std::string_view::npos ? open : page.find("}}", open);
    if (close == std::string_view::npos) break;
    const std::string_view name = page.substr(open + 2, close - open - 2);
    out += page.substr(0, open);
    for (const auto& [key, value] : values) {
      if (key == name) out += value;
    }
    page.remove_prefix(close + 2);
  }
  return out += page;
}

std::string page_of(const std::string& data) {
  const std::string policy = "default-src 'none'; script-src " + csp_hash(embedded::kChartJs) + " " +
                             csp_hash(embedded::kScript) + "; style-src " + csp_hash(embedded::kStyle) +
                             "; base-uri 'none'; form-action 'none'";
  return fill_page(embedded::kPage, {{"policy", policy},
                                     {"style", embedded::kStyle},
                                     {"chart", embedded::kChartJs},
                                     {"data", for_script_element(data)},
                                     {"script", embedded::kScript}});
}

template <class R>
Result<void> write_by_extension(const R& result, const std::filesystem::path& path) {
  const auto extension = path.extension();
  if (extension == ".html") return write_whole_file(path, html_report(result));
  if (extension == ".md") return write_whole_file(path, markdown_report(result));
  return make_error("report " + path.string() + ": the name must end in .html or .md");
}

}  // namespace

std::string html_report(const ReplayResult& result) { return page_of(report_data(result)); }
std::string html_report(const TapeDiffResult& result) { return page_of(report_data(result)); }

Result<void> write_report(const ReplayResult& result, const std::filesystem::path& path) {
  return write_by_extension(result, path);
}
Result<void> write_report(const TapeDiffResult& result, const std::filesystem::path& path) {
  return write_by_extension(result, path);
}

}  // namespace tapedeck::replay
