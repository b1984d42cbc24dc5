// style.hpp: the look of printed scripts and reports: one style sheet, no scripts, no fonts or pictures from elsewhere.
#pragma once

#include <string_view>

namespace sealwright::ceremonies {

inline constexpr std::string_view kStyleSheet = R"css(
@page { size: A4; margin: 14mm 16mm; }
* { box-sizing: border-box; }
body { font: 10pt/1.35 "DejaVu Sans", "Liberation Sans", Arial, sans-serif; color: #111; background: #e9e9e6; margin: 0; }
.page { background: #fff; width: 210mm; min-height: 296mm; margin: 6mm auto; padding: 14mm 16mm; display: flex; flex-direction: column; page-break-after: always; }
.sheet { background: #fff; width: 210mm; margin: 6mm auto; padding: 14mm 16mm; }
@media print { body { background: #fff; } .page { width: auto; margin: 0; padding: 0; min-height: 262mm; } .sheet { width: auto; margin: 0; padding: 0; } }
.grow { flex: 1; }
h1 { font-size: 19pt; line-height: 1.2; margin: 0 0 2mm; }
h2 { font-size: 12.5pt; margin: 7mm 0 2mm; border-bottom: 0.4mm solid #111; padding-bottom: 0.8mm; break-after: avoid; }
p { margin: 0 0 2mm; white-space: pre-line; }
.muted { color: #555; }
.mono { font: 9pt/1.35 "DejaVu Sans Mono", "Liberation Mono", monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: 1mm 0 3mm; break-inside: auto; }
tr { break-inside: avoid; }
th, td { text-align: left; vertical-align: top; padding: 1.1mm 2mm 1.1mm 0; border-bottom: 0.2mm solid #bbb; font-size: 9.5pt; }
th { border-bottom: 0.3mm solid #111; font-size: 8.5pt; }
.banner { border: 0.8mm solid #b00000; color: #b00000; text-align: center; font-weight: bold; letter-spacing: 0.35em; padding: 1.2mm; margin-bottom: 4mm; }
.running { display: flex; justify-content: space-between; font-size: 8.5pt; color: #333; border-bottom: 0.2mm solid #999; padding-bottom: 1mm; margin-bottom: 4mm; }
.foot { border-top: 0.2mm solid #999; padding-top: 1mm; margin-top: 4mm; font-size: 7.5pt; color: #333; }
.foot .mono { font-size: 7.2pt; }
.step { border: 0.3mm solid #111; padding: 2.4mm 3mm; margin: 0 0 3mm; break-inside: avoid; display: grid; grid-template-columns: 12mm 1fr; }
.step .number { font-size: 15pt; font-weight: bold; line-height: 1.1; }
.step .what { font-size: 8.5pt; color: #333; margin-bottom: 1mm; }
.fields { display: flex; gap: 5mm; margin-top: 2.5mm; font-size: 8.5pt; align-items: end; flex-wrap: wrap; }
.box { display: inline-block; width: 4.2mm; height: 4.2mm; border: 0.35mm solid #111; vertical-align: -0.8mm; margin-right: 1.5mm; }
.line { display: inline-block; border-bottom: 0.25mm solid #111; min-width: 22mm; height: 4.5mm; }
.remark { flex: 1; display: flex; align-items: end; gap: 1mm; }
.remark .line { flex: 1; }
.line.wide { min-width: 70mm; }
.words { display: grid; grid-template-columns: 10mm repeat(4, 1fr); gap: 2.6mm 4mm; margin: 3mm 0; font-size: 9pt; align-items: end; }
.words .line { min-width: 0; width: 100%; }
.bad { color: #b00000; font-weight: bold; }
)css";

}  // namespace sealwright::ceremonies
