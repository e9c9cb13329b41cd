// A combobox as WAI-ARIA describes it: the list is the server's answer to what was typed last.
const WAIT = 120
let count = 0

export function render({model}) {
  const id = `find-${++count}`
  const root = document.createElement("div")
  root.className = "find"
  const input = document.createElement("input")
  input.type = "text"
  input.placeholder = "Find a team"
  input.autocomplete = "off"
  input.spellcheck = false
  input.maxLength = 100
  const list = document.createElement("ul")
  list.id = id
  list.setAttribute("role", "listbox")
  list.setAttribute("aria-label", "Teams found")
  const none = document.createElement("div")
  none.className = "none"
  none.setAttribute("role", "status")
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-label": "Find a team", "aria-autocomplete": "list", "aria-controls": id, "aria-expanded": "false",
  })) input.setAttribute(name, value)
  list.hidden = none.hidden = true
  root.append(input, list, none)

  let timer, number = 0, active = -1
  let fresh = false // whether the list is of what is typed now
  let entered = false // Enter came before that list did

  const close = () => {
    list.hidden = none.hidden = true
    active = -1
    none.textContent = ""
    input.setAttribute("aria-expanded", "false")
    input.removeAttribute("aria-activedescendant")
  }
  const mark = place => {
    active = place
    for (const [index, item] of [...list.children].entries()) item.setAttribute("aria-selected", String(index === place))
    const item = list.children[place]
    if (item) {
      input.setAttribute("aria-activedescendant", item.id)
      item.scrollIntoView({block: "nearest"})
    } else input.removeAttribute("aria-activedescendant")
  }
  const choose = item => {
    clearTimeout(timer)
    number += 1 // an answer that is still under way is for nothing
    input.value = ""
    close()
    model.chosen = {team: item.dataset.team, number}
  }
  const ask = () => {
    number += 1
    model.asked = {text: input.value.trim(), number}
  }
  const shown = () => {
    if (model.results.number !== number || !input.value.trim()) return
    list.replaceChildren(...model.results.rows.map((row, index) => {
      const item = document.createElement("li")
      item.id = `${id}-${index}`
      item.setAttribute("role", "option")
      item.dataset.team = row.id
      const where = document.createElement("small")
      where.textContent = row.where
      item.append(row.name, where)
      item.addEventListener("pointerdown", event => event.preventDefault()) // the field keeps the focus
      item.addEventListener("click", () => choose(item))
      return item
    }))
    const some = list.children.length > 0
    list.hidden = !some
    none.hidden = some
    none.textContent = some ? "" : `No team is called “${input.value.trim()}”`
    input.setAttribute("aria-expanded", String(some))
    mark(-1)
    fresh = true
    if (entered && some) choose(list.children[0])
    entered = false
  }

  input.addEventListener("input", () => {
    clearTimeout(timer)
    fresh = entered = false
    if (input.value.trim().length < 2) { number += 1; close(); return }
    timer = setTimeout(ask, WAIT)
  })
  input.addEventListener("keydown", event => {
    const items = list.hidden ? [] : [...list.children]
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!items.length) return
      event.preventDefault()
      const step = event.key === "ArrowDown" ? 1 : -1
      mark(active < 0 ? (step > 0 ? 0 : items.length - 1) : (active + step + items.length) % items.length)
    } else if (event.key === "Enter" && input.value.trim().length >= 2) {
      event.preventDefault()
      if (fresh && items.length) choose(items[Math.max(active, 0)])
      else if (!fresh) entered = true
    } else if (event.key === "Escape") {
      if (list.hidden && none.hidden) input.value = ""
      close()
    }
  })
  input.addEventListener("blur", close)
  model.on("results", shown)
  return root
}
