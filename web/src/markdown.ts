// An answer's Markdown as safe HTML: no images, no links out, [E1] as citation chips.

import DOMPurify from "dompurify";
import { Marked } from "marked";

const TAGS = [
  "p", "br", "strong", "em", "del", "code", "pre", "ul", "ol", "li", "blockquote", "hr", "sub", "sup",
  "h1", "h2", "h3", "h4", "table", "thead", "tbody", "tr", "th", "td",
];

/** HTML, images and links in an answer are shown as the text they are: the sanitiser is the second lock. */
const markdown = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text }) => escaped(text),
    image: ({ text }) => escaped(text),
    link({ tokens }) {
      return this.parser.parseInline(tokens);
    },
  },
});

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

export function render(text: string): string {
  const html = markdown.parse(text, { async: false });
  const safe = DOMPurify.sanitize(html, { ALLOWED_TAGS: TAGS, ALLOWED_ATTR: ["align"], ALLOW_DATA_ATTR: false });
  return withTables(withCitations(unbroken(safe)));
}

/** A text as a sentence of the page: a capital first, numbers with their units. */
export function sentence(text: string): string {
  return unbroken(text.charAt(0).toUpperCase() + text.slice(1));
}

/** A number and its unit stay on one line. */
export function unbroken(html: string): string {
  return html.replace(/(\d) (°[CF]|K|%(?:RH)?|kWh?|kPa|Pa|RT|ppm|L\/s|THB|h|min|s)(?![\w])/g, "$1\u00a0$2");
}

/** [E1] and [E1, E2] become buttons. Runs after the sanitiser: what it puts in is digits only. */
export function withCitations(html: string): string {
  return html.replace(/\s*\[(E\d{1,3}(?:\s*[,;]\s*E\d{1,3})*)\]/g, (_, ids: string) =>
    " " + ids
      .split(/[,;]/)
      .map((id) => id.trim())
      .map((id) => `<button type="button" class="cite" data-evidence="${id}" aria-label="Evidence ${id.slice(1)}">${id}</button>`)
      .join(""),
  );
}

/** A wide table scrolls by itself instead of widening the page. */
function withTables(html: string): string {
  return html.replaceAll("<table>", '<div class="scroll"><table>').replaceAll("</table>", "</table></div>");
}
