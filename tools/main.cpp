#include "tools/command.hpp"

int main(int argc, char** argv) { return tapedeck::tools::run(argc, argv); }
