// One column of an ORDER BY. Thread: any (immutable).
#pragma once

namespace mr::plan {

struct SortKey {
    int column = -1;
    bool descending = false;
    bool nulls_last = false;
};

}  // namespace mr::plan
