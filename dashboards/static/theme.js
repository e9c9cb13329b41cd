// Before anything is drawn: the theme chosen last, at the first visit the system's. The server reads the cookie.
(() => {
  const chosen = () => /(?:^|; )fp_theme=(dark|light)/.exec(document.cookie)?.[1]
  if (!chosen()) {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches
    document.cookie = `fp_theme=${dark ? "dark" : "light"}; path=/; max-age=31536000; SameSite=Lax`
    if (dark && chosen()) location.reload()
  }
  document.documentElement.dataset.fp = chosen() ?? "light"
})()
