"""What lies on what in a page, measured in the browser through every shadow root."""

from __future__ import annotations

MEASURE = """
() => {
    const BLOCKS = ".card, .chart-card, .empty, .banner, .tools, .foot, .nav, .find"
    const deep = (root, selector) => [...root.querySelectorAll("*")].flatMap(node => [
        ...(node.matches(selector) ? [node] : []), ...(node.shadowRoot ? deep(node.shadowRoot, selector) : [])])
    const parent = node => node.parentNode instanceof ShadowRoot ? node.parentNode.host : node.parentNode
    const within = (node, outer) => {
        for (let each = node; each; each = parent(each)) if (each === outer) return true
        return false
    }
    const at = (x, y) => {
        let found = document.elementFromPoint(x, y)
        while (found?.shadowRoot?.elementFromPoint(x, y) && found.shadowRoot.elementFromPoint(x, y) !== found)
            found = found.shadowRoot.elementFromPoint(x, y)
        return found
    }
    const name = node => `${node.className} ${(node.innerText || "").trim().slice(0, 40)}`
    const box = node => node.getBoundingClientRect()
    const shown = node => node.checkVisibility() && box(node).width > 1 && box(node).height > 1
    const blocks = deep(document, BLOCKS).filter(shown)
    const overlaps = []
    for (const [i, a] of blocks.entries()) for (const b of blocks.slice(i + 1)) {
        if (within(a, b) || within(b, a)) continue
        const [p, q] = [box(a), box(b)]
        const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left)
        const high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top)
        if (wide > 1 && high > 1) overlaps.push([name(a), name(b), high])
    }
    const foot = blocks.filter(node => node.matches(".foot"))
    const others = blocks.filter(node => !node.matches(".foot"))
    const scroller = deep(document, ".main-content")[0]
    const covered = []
    for (const row of deep(document, "table tbody tr:last-child, .card > :last-child, .foot")) {
        if (!shown(row)) continue
        row.scrollIntoView({block: "center", inline: "start"})
        const {left, top, width, height} = box(row)
        const found = at(left + Math.min(width / 2, 40), top + height / 2)
        if (!found || !(within(found, row) || within(row, found))) covered.push([name(row), found && name(found)])
    }
    scroller.scrollTo(0, scroller.scrollHeight)
    const end = foot.length === 1 ? box(foot[0]) : null
    return {
        overlaps, covered, feet: foot.length, blocks: blocks.length,
        footBelow: end && box(foot[0]).top >= Math.max(...others.map(node => box(node).bottom)) - 1,
        footSeen: end && end.bottom <= innerHeight + 1 && end.top > 0,
        beyond: scroller.scrollWidth - scroller.clientWidth,
        scrolled: scroller.scrollTop,
    }
}
"""
"""A function without arguments; scrolls, and leaves the page at its end."""


def faults(found: dict[str, object]) -> list[str]:
    """What is wrong with a page as measured; empty when every block has a place of its own and the footer ends it."""
    told = [f"{kind}: {found[kind]}" for kind in ("overlaps", "covered") if found[kind]]
    if found["feet"] != 1:
        told.append(f"{found['feet']} footers")
    elif not found["footBelow"]:
        told.append("the footer is not below the last block")
    elif not found["footSeen"]:
        told.append("the page does not end with the footer")
    if found["blocks"] < 4:
        told.append(f"only {found['blocks']} blocks: the measure sees no page")
    if found["beyond"] > 0:
        told.append(f"{found['beyond']} px beyond the screen's width")
    return told
