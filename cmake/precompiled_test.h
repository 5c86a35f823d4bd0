// The same for tests.
#pragma once

#include "precompiled_library.h"

#include <gtest/gtest.h>
