// Checks that a plan is what the engine relies on: columns exist, expressions find the types they were bound
// to, operators that need append-only input have it. Run on every program in builds with DCHECK and by the
// tests. Thread: any (a function).
#pragma once

#include <string>

#include "plan/program.h"

namespace mr::sql {

/// Nothing, or what is wrong first.
std::string check_plan(const plan::Program& program);

}  // namespace mr::sql
