// fake_store_state.hpp: what a FakeStore keeps. Internal to it.
#pragma once

#include "support/fake_store.hpp"

namespace sealwright::test {

struct FakeStore::State {
    struct OpenedIntent {
        issuance::OpenIntent intent;
        bool open = true;
    };
    struct OpenedCrl {
        issuance::CrlIntent intent;
        bool open = true;
    };
    struct Failure {
        Error error;
        bool always = false;
    };

    NodeId node;
    std::map<NodeId, BootEpoch> epochs;
    std::map<RequestId, issuance::RequestRecord> requests;
    std::map<SerialNumber, issuance::CertificateRecord> certificates;
    std::vector<SerialNumber> order;  // of issuance
    std::map<IntentId, OpenedIntent> intents;
    std::map<IntentId, OpenedCrl> crl_intents;
    std::map<KeyId, std::uint64_t> crl_numbers;
    std::map<KeyId, issuance::CrlRecord> crls;
    std::map<std::string, issuance::SecretRecord> secrets;
    std::map<KeyId, issuance::EkEntry> eks;
    std::map<KeyId, issuance::DeviceRecord> devices;
    std::vector<KeyId> device_order;
    std::map<SerialNumber, KeyId> devices_of;
    std::map<RequestId, Bytes> attestations;

    std::vector<audit::Event> events;
    std::vector<Bytes> leaves;
    audit::CompactRange range;
    std::map<std::pair<unsigned, std::uint64_t>, Sha256> nodes;
    std::optional<std::string> checkpoint;

    std::vector<SerialNumber> changes;
    std::size_t change_log_limit = 1000;

    UtcTime last_commit{};
    bool healthy = true;
    std::map<Verb, Failure> failures;
    std::map<Verb, std::function<void()>> hooks;
    std::map<Verb, std::size_t> calls;

    void changed(const SerialNumber& serial) { changes.push_back(serial); }
};

}  // namespace sealwright::test
