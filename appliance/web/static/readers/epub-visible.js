// What a page of a long chapter costs: foliate-js measures every element of the chapter to find those on the page.

const FAR = 1000;

/**
 * Let nothing be measured that stands far behind the page. Text flows in the order of the document: behind what is
 * seen, after a thousand elements out of sight, no other comes into it. A chapter may hold a hundred thousand.
 */
export function measureOnlyTheNear(doc) {
  const { createTreeWalker } = doc;
  doc.createTreeWalker = (root, what, filter) => {
    if (!filter?.acceptNode) return createTreeWalker.call(doc, root, what, filter);
    let isSeen = false;
    let out = 0;
    const acceptNode = (node) => {
      if (out > FAR) return NodeFilter.FILTER_REJECT;
      const verdict = filter.acceptNode(node);
      if (verdict === NodeFilter.FILTER_ACCEPT) [isSeen, out] = [true, 0];
      else if (isSeen && verdict === NodeFilter.FILTER_REJECT) out += 1;
      return verdict;
    };
    return createTreeWalker.call(doc, root, what, { acceptNode });
  };
}
