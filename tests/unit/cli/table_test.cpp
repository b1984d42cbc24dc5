#include "cli/table.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <stdexcept>

namespace sealwright::cli {
namespace {

std::string rendered(const Table& table, std::optional<std::size_t> width = {}) {
    std::ostringstream out;
    table.write(out, width);
    return out.str();
}

Table certificates() {
    Table table{{{"SERIAL"}, {"ENTRIES", true}, {"NAMES", false, true}}};
    table.add({"4f1c", "7", "CN=www.example.org, DNS:www.example.org"});
    table.add({"90", "1234567890", ""});
    return table;
}

TEST(Table, AlignsTextLeftAndNumbersRightWithoutSpacesAtTheEnd) {
    EXPECT_EQ(rendered(certificates()),
              "SERIAL     ENTRIES  NAMES\n"
              "4f1c             7  CN=www.example.org, DNS:www.example.org\n"
              "90      1234567890  -\n");
}

TEST(Table, AlignsByColumnsWhereTextIsNotAscii) {
    Table table{{{"NAME"}, {"STATE"}}};
    table.add({"Bücher", "valid"});
    table.add({"Bucher", "valid"});
    EXPECT_EQ(rendered(table), "NAME    STATE\nBücher  valid\nBucher  valid\n");
}

TEST(Table, ShortensOnlyFlexibleColumnsAndOnlyOnANarrowTerminal) {
    EXPECT_EQ(rendered(certificates(), 60), rendered(certificates()));
    EXPECT_EQ(rendered(certificates(), 40),
              "SERIAL     ENTRIES  NAMES\n"
              "4f1c             7  CN=www.example.org,…\n"
              "90      1234567890  -\n");
}

TEST(Table, LeavesAFlexibleColumnReadableRatherThanFitting) {
    const std::string text = rendered(certificates(), 10);
    EXPECT_NE(text.find("CN=www.exam…"), std::string::npos) << text;
    EXPECT_NE(text.find("1234567890"), std::string::npos) << text;
}

TEST(Table, LetsNoCellForgeALine) {
    Table table{{{"NAME"}}};
    table.add({"a\nb\x1b[31m"});
    EXPECT_EQ(rendered(table), "NAME\na\\x0ab\\x1b[31m\n");
}

TEST(Table, TakesARowOfTheWrongWidthForABug) {
    Table table{{{"A"}, {"B"}}};
    EXPECT_THROW(table.add({"only one"}), std::logic_error);
}

TEST(Facts, AlignsValuesAndContinuesListsUnderThemselves) {
    Facts facts;
    facts.add("Ready", "NO");
    facts.add_lines("Because", {"signer not connected", "clock went back"});
    facts.add_lines("Nothing", {});
    std::ostringstream out;
    facts.write(out);
    EXPECT_EQ(out.str(),
              "Ready    NO\n"
              "Because  signer not connected\n"
              "         clock went back\n"
              "Nothing  -\n");
}

}  // namespace
}  // namespace sealwright::cli
