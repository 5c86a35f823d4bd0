#include "serve/http/body_cache.h"

namespace mr::serve {
namespace {

/// What the body holds besides its bytes; rows that have left the view meanwhile are kept alive by it alone.
std::size_t cost_of(const RowsBody& body) {
    std::size_t cost = body.bytes.size() + body.ends.size() * sizeof(std::uint32_t);
    for (const views::RowPtr& row : body.rows)
        cost += sizeof(views::RowPtr) + row->key.size() + row->row.size();
    return cost;
}

}  // namespace

SharedBytes BodyCache::find(const std::string& question, std::string_view epoch, Seq version) {
    const auto at = by_question_.find(question);
    if (at == by_question_.end()) return {};
    const auto entry = at->second;
    if (entry->epoch != epoch) {
        erase(entry);  // epochs do not come back
        return {};
    }
    if (entry->version != version) return {};
    entries_.splice(entries_.begin(), entries_, entry);
    return entry->body.bytes;
}

const RowsBody* BodyCache::earlier(const std::string& question, std::string_view epoch) const {
    const auto at = by_question_.find(question);
    if (at == by_question_.end() || at->second->epoch != epoch) return nullptr;
    return &at->second->body;
}

void BodyCache::put(const std::string& question, std::string_view epoch, Seq version, RowsBody body) {
    if (const auto at = by_question_.find(question); at != by_question_.end()) erase(at->second);
    const std::size_t cost = cost_of(body);
    if (cost > bytes_max_ / 4) return;  // one huge answer would drive out all others
    entries_.push_front({question, std::string(epoch), version, std::move(body), cost});
    by_question_[question] = entries_.begin();
    bytes_ += cost;
    while (bytes_ > bytes_max_ || entries_.size() > entries_max_) erase(std::prev(entries_.end()));
}

void BodyCache::erase(std::list<Entry>::iterator entry) {
    bytes_ -= entry->cost;
    by_question_.erase(entry->question);
    entries_.erase(entry);
}

}  // namespace mr::serve
