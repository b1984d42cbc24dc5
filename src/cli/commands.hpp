// commands.hpp: one function a command. Each prints its result, and gives an exit code or the failure that main tells.
#pragma once

#include "cli/context.hpp"

namespace sealwright::cli {

// Offline: no daemon is asked.
Result<ExitCode> ceremony_check(Context& context, const CeremonyOptions& options);
Result<ExitCode> ceremony_print(Context& context, const CeremonyOptions& options);
Result<ExitCode> ceremony_rehearse(Context& context, const CeremonyOptions& options);
Result<ExitCode> ceremony_run(Context& context, const CeremonyOptions& options);
Result<ExitCode> hsm_tokens(Context& context, const HsmOptions& options);
Result<ExitCode> hsm_keys(Context& context, const HsmKeysOptions& options);
Result<ExitCode> hsm_evidence(Context& context, const HsmOptions& options);
Result<ExitCode> hsm_wrapping_key(Context& context, const HsmBackupOptions& options);
Result<ExitCode> hsm_backup(Context& context, const HsmBackupOptions& options);
Result<ExitCode> hsm_restore(Context& context, const HsmBackupOptions& options);
Result<ExitCode> hsm_enrol(Context& context, const HsmEnrolOptions& options);
Result<ExitCode> hsm_pin_seal(Context& context, const PinSealOptions& options);
Result<ExitCode> hsm_pin_check(Context& context, const PinCheckOptions& options);
Result<ExitCode> hsm_test(Context& context, const HsmTestOptions& options);
Result<ExitCode> hsm_bench(Context& context, const HsmBenchOptions& options);
Result<ExitCode> version(Context& context);

// Over the admin socket. cert_issue can speak the native protocol over HTTPS instead.
Result<ExitCode> ca_status(Context& context);
Result<ExitCode> profile_list(Context& context);
Result<ExitCode> profile_show(Context& context, const ProfileOptions& options);
Result<ExitCode> cert_issue(Context& context, const CertIssueOptions& options);
Result<ExitCode> cert_list(Context& context, const CertListOptions& options);
Result<ExitCode> cert_show(Context& context, const CertShowOptions& options);
Result<ExitCode> cert_revoke(Context& context, const CertChangeOptions& options);
Result<ExitCode> cert_hold(Context& context, const CertChangeOptions& options);
Result<ExitCode> cert_release(Context& context, const CertChangeOptions& options);
Result<ExitCode> request_list(Context& context, const RequestListOptions& options);
Result<ExitCode> request_show(Context& context, const RequestOptions& options);
Result<ExitCode> request_approve(Context& context, const RequestOptions& options);
Result<ExitCode> request_deny(Context& context, const RequestOptions& options);
Result<ExitCode> request_attestation(Context& context, const RequestAttestationOptions& options);
Result<ExitCode> ek_import(Context& context, const EkImportOptions& options);
Result<ExitCode> ek_list(Context& context);
Result<ExitCode> ek_remove(Context& context, const EkRemoveOptions& options);
Result<ExitCode> device_list(Context& context, const DeviceListOptions& options);
Result<ExitCode> device_show(Context& context, const DeviceShowOptions& options);
Result<ExitCode> device_revoke(Context& context, const DeviceEndOptions& options);
Result<ExitCode> device_retire(Context& context, const DeviceEndOptions& options);
Result<ExitCode> crl_publish(Context& context);
Result<ExitCode> secret_create(Context& context, const SecretCreateOptions& options);
Result<ExitCode> secret_list(Context& context);
Result<ExitCode> secret_revoke(Context& context, const SecretRevokeOptions& options);
Result<ExitCode> audit_show(Context& context, const AuditShowOptions& options);
Result<ExitCode> audit_verify(Context& context, const AuditCheckOptions& options);
Result<ExitCode> audit_export(Context& context, const AuditCheckOptions& options);

}  // namespace sealwright::cli
