#include "connectors/soap/header_blocks.h"

#include "core/base/text.h"
#include "core/message/xml_writer.h"

namespace masar::soap {

namespace {

constexpr std::size_t kTextBytesMax = 1024;

void add_text(pugi::xml_node element, std::string& text) {
  bool leaf = true;
  for (const pugi::xml_node child : element.children()) {
    if (child.type() != pugi::node_element) continue;
    leaf = false;
    add_text(child, text);
  }
  if (!leaf) return;
  if (!text.empty()) text += '/';
  text += trim(element.text().get());
}

std::string text_of(const SentBlock& block, const connector::Attempt& attempt, Instant now) {
  switch (block.source) {
    case SentBlock::Source::value: return block.value;
    case SentBlock::Source::effect: return attempt.effect_id;
    case SentBlock::Source::time:
      return format_instant(std::chrono::floor<std::chrono::milliseconds>(now));
    case SentBlock::Source::header: break;
  }
  for (const auto& [name, value] : attempt.headers) {
    if (name == block.value) return value;
  }
  return {};
}

}  // namespace

HeaderBlocks read_blocks(pugi::xml_node header, const std::vector<KnownBlock>& known) {
  HeaderBlocks blocks;
  for (const KnownBlock& one : known) {
    const pugi::xml_node block = header.child(one.name.c_str());
    if (!block && !one.required) continue;
    // About the Header, so without a detail (SOAP 1.1, 4.4).
    const auto refuse = [&](const char* code, const char* what) {
      throw BadEnvelope{{Blame::sender, "the header block " + one.name + " " + what}, code};
    };
    if (!block) refuse("soap-header-missing", "is missing");
    if (block.next_sibling(one.name.c_str())) refuse("soap-header-twice", "is there twice");
    std::string text;
    add_text(block, text);
    if (text.size() > kTextBytesMax) refuse("soap-header-too-long", "is too long");
    if (!one.as.empty() && !text.empty()) blocks.headers.emplace_back(one.as, clean_text(text));
    blocks.repeated += write_xml(block);
  }
  return blocks;
}

std::string write_blocks(const std::vector<SentBlock>& blocks, const connector::Attempt& attempt,
                         Instant now) {
  std::string xml;
  for (const SentBlock& block : blocks) {
    const std::string text = text_of(block, attempt, now);
    if (text.empty()) continue;
    xml += "<h:" + block.name + " xmlns:h=\"" + escaped(block.uri) + "\">" + escaped(text) +
           "</h:" + block.name + ">";
  }
  return xml;
}

}  // namespace masar::soap
