#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace CLI {
class App;
}

namespace tapedeck::tools {

/// What the process ends with (docs/cli.md). Of several, the first of 2, 1, 3, 4.
enum class ExitStatus : int { ok = 0, objections = 1, trouble = 2, undecided = 3, loss = 4 };

/// The worse of two, in the order above.
ExitStatus worse(ExitStatus a, ExitStatus b);

/// One line on stderr, `tapedeck: MESSAGE`, and ExitStatus::trouble.
ExitStatus trouble(const Error& error);

/// Results go here. False, after one line on stderr, if stdout cannot take them; a closed pipe is no trouble and
/// silent.
bool print(std::string_view text);

// Each adds its subcommand. When it was chosen and parsed, it runs and leaves its exit status in `status`.
void add_record_command(CLI::App& app, ExitStatus& status);
void add_replay_command(CLI::App& app, ExitStatus& status);
void add_diff_command(CLI::App& app, ExitStatus& status);
void add_info_command(CLI::App& app, ExitStatus& status);
void add_list_command(CLI::App& app, ExitStatus& status);
void add_show_command(CLI::App& app, ExitStatus& status);
void add_verify_command(CLI::App& app, ExitStatus& status);
void add_recover_command(CLI::App& app, ExitStatus& status);
void add_filter_command(CLI::App& app, ExitStatus& status);
void add_merge_command(CLI::App& app, ExitStatus& status);
void add_export_command(CLI::App& app, ExitStatus& status);
void add_import_command(CLI::App& app, ExitStatus& status);
void add_demo_command(CLI::App& app, ExitStatus& status);

/// The whole program.
int run(int argc, const char* const* argv);

}  // namespace tapedeck::tools
