#include "serve/http/body_cache.h"

namespace mr::serve {

SharedBytes BodyCache::find(const std::string& question, std::string_view epoch, Seq version) {
    const auto at = by_question_.find(question);
    if (at == by_question_.end()) return {};
    const auto entry = at->second;
    if (entry->epoch != epoch || entry->version != version) {
        erase(entry);  // versions do not come back
        return {};
    }
    entries_.splice(entries_.begin(), entries_, entry);
    return entry->body;
}

void BodyCache::put(const std::string& question, std::string_view epoch, Seq version, SharedBytes body) {
    if (const auto at = by_question_.find(question); at != by_question_.end()) erase(at->second);
    const std::size_t size = body.size();
    if (size > bytes_max_ / 4) return;  // one huge answer would drive out all others
    entries_.push_front({question, std::string(epoch), version, std::move(body)});
    by_question_[question] = entries_.begin();
    bytes_ += size;
    while (bytes_ > bytes_max_ || entries_.size() > entries_max_) erase(std::prev(entries_.end()));
}

void BodyCache::erase(std::list<Entry>::iterator entry) {
    bytes_ -= entry->body.size();
    by_question_.erase(entry->question);
    entries_.erase(entry);
}

}  // namespace mr::serve
