// connection.hpp: one connection to a TPM, and what lives in the TPM for as long as a C++ object does. Internal to this
// room.
#pragma once

#include <tss2/tss2_esys.h>

#include <memory>
#include <string>
#include <utility>

#include "base/result.hpp"

namespace sealwright::tpm {

struct EsysFree {
    void operator()(void* memory) const noexcept { Esys_Free(memory); }
};
// EsysPtr owns what ESYS gives out.
template <class T>
using EsysPtr = std::unique_ptr<T, EsysFree>;

// Out is an argument that ESYS fills: Esys_ReadPublic(..., Out{area}, ...).
template <class T>
class Out {
public:
    explicit Out(EsysPtr<T>& target) : target_(target) {}
    ~Out() { target_.reset(raw_); }
    Out(const Out&) = delete;
    Out& operator=(const Out&) = delete;
    operator T**() noexcept { return &raw_; }

private:
    EsysPtr<T>& target_;
    T* raw_ = nullptr;
};

// Connection is closed by its destructor. Move-only; one thread at a time. It must outlive every Handle.
class Connection {
public:
    // open connects by a TCTI string of tpm2-tss ("device:/dev/tpmrm0"). unavailable where there is no TPM or no
    // permission, with what to do.
    static Result<Connection> open(const std::string& tcti);
    Connection(Connection&& other) noexcept;
    Connection& operator=(Connection&&) = delete;
    ~Connection();

    ESYS_CONTEXT* get() const noexcept { return esys_; }

private:
    explicit Connection(TSS2_TCTI_CONTEXT* transport) noexcept : transport_(transport) {}
    TSS2_TCTI_CONTEXT* transport_;
    ESYS_CONTEXT* esys_ = nullptr;
};

// Handle is a key or session in the TPM. One that is ours (transient) is flushed when the object dies, on every path; a
// persistent one is only forgotten. Move-only.
class Handle {
public:
    enum class Kind { transient, persistent };
    Handle(const Connection& connection, ESYS_TR object, Kind kind) noexcept
        : esys_(connection.get()), object_(object), kind_(kind) {}
    Handle(Handle&& other) noexcept
        : esys_(other.esys_), object_(std::exchange(other.object_, ESYS_TR_NONE)), kind_(other.kind_) {}
    Handle& operator=(Handle&& other) noexcept {
        std::swap(esys_, other.esys_);
        std::swap(object_, other.object_);
        std::swap(kind_, other.kind_);
        return *this;
    }
    ~Handle() { release(); }

    ESYS_TR get() const noexcept { return object_; }
    // own makes an object ours that another run left: it is flushed with the handle.
    void own() noexcept { kind_ = Kind::transient; }
    // release gives the place in the TPM back now; a destructor cannot say whether that worked, and neither does this.
    void release() noexcept;

private:
    ESYS_CONTEXT* esys_;
    ESYS_TR object_;
    Kind kind_;
};

}  // namespace sealwright::tpm
