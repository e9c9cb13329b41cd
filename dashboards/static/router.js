// The address of the page, what a reader follows and the theme: kept in step between browser and server.
const YEAR = 31536000

function remember(name, value) {
  document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=${YEAR}; SameSite=Lax`
}

function onPath(event, selector) {
  return event.composedPath().find(node => node instanceof Element && node.matches(selector))
}

function busy() {
  document.documentElement.dataset.busy = ""
}

export function render({model, el}) {
  const here = () => location.pathname + location.search
  const status = document.createElement("div")
  status.setAttribute("role", "status")
  status.className = "said"

  const moved = () => {
    if (model.url === here()) return // nothing will be drawn
    model.url = here()
    busy()
  }
  const clicked = event => {
    const button = onPath(event, "button[data-follow]")
    if (button) {
      const team = button.dataset.follow
      const rest = model.followed.filter(other => other !== team)
      model.followed = rest.length < model.followed.length ? rest : [...rest, team]
      busy()
      return
    }
    const link = onPath(event, "a[data-nav]")
    const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
    if (link && plain && link.origin === location.origin) {
      event.preventDefault()
      if (link.href !== location.href) history.pushState({}, "", link.href)
      moved()
      deep(".main-content")?.scrollTo(0, 0)
    }
  }
  document.addEventListener("click", clicked)
  window.addEventListener("popstate", moved)

  model.on("url", () => {
    if (model.url === here()) return
    history.pushState({}, "", model.url)
    busy()
  })
  model.on("followed", () => remember("fp_follow", model.followed.join(",")))
  const titled = () => {
    document.title = `${model.title} · footpred`
    status.textContent = model.title
    setTimeout(() => deep(".nav a[aria-current]")?.scrollIntoView({block: "nearest", inline: "center"}))
  }
  model.on("drawn", () => { titled(); delete document.documentElement.dataset.busy })
  if (model.title) titled() // drawn before this module had loaded
  const themed = () => { document.documentElement.dataset.fp = model.dark ? "dark" : "light" }
  model.on("dark", () => { themed(); remember("fp_theme", model.dark ? "dark" : "light") })
  themed()
  model.on("remove", () => {
    document.removeEventListener("click", clicked)
    window.removeEventListener("popstate", moved)
  })
  return status
}

function deep(selector, root = document) {
  const found = root.querySelector(selector)
  if (found) return found
  for (const node of root.querySelectorAll("*")) {
    const inside = node.shadowRoot && deep(selector, node.shadowRoot)
    if (inside) return inside
  }
  return null
}
