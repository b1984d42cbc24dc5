// report.hpp: what an auditor reads first: who took part, in which function, which keys were made where and how, which
// certificates they got, what deviated. In the shape that EN 319 411-1 GEN-6.5.1-13A asks for. A summary: the
// transcript is the evidence, and the verifier its judge.
#pragma once

#include "ceremonies/runner/bundle.hpp"

namespace sealwright::ceremonies {

// keep_reports writes report.txt and report.html into the bundle, as artefacts.
Result<void> keep_reports(const Inputs& inputs, const Performance& performance, UtcTime at, Recorder& recorder);

}  // namespace sealwright::ceremonies
