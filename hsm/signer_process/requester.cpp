#include "hsm/signer_process/requester.hpp"

#include <algorithm>

#include "base/boundary.hpp"

namespace sealwright::hsm::signer_process {

thread_local AnswersTogether* AnswersTogether::current_ = nullptr;

AnswersTogether::~AnswersTogether() {
    current_ = outer_;
    for (const auto& requester : waiting_) requester->deliver();
    if (!boundary_.empty()) at_boundary(boundary_);
}

bool AnswersTogether::hold_back(const std::shared_ptr<Requester>& requester) {
    if (current_ == nullptr) return false;
    auto& waiting = current_->waiting_;
    if (std::find(waiting.begin(), waiting.end(), requester) == waiting.end()) waiting.push_back(requester);
    return true;
}

void AnswersTogether::passing(std::string_view boundary) {
    if (current_ == nullptr) return at_boundary(boundary);
    current_->boundary_ = boundary;
}

}  // namespace sealwright::hsm::signer_process
