#!/usr/bin/env bash
# The conformance tests in gpu.js's headlessgl mode: real WebGL in Node, without a browser.
# Its native part (npm's `gl`) is compiled here, once: 4 to 8 minutes. Debian or Ubuntu, as root
# or with sudo.
#   npm run test:headlessgl
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(build-essential python3 pkg-config libxi-dev libx11-dev libxext-dev
  libgl1-mesa-dev libglu1-mesa-dev libglew-dev libgl1-mesa-dri xvfb xauth)
missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
  [[ $status == 'install ok installed' ]] || missing+=("$package")
done
if ((${#missing[@]})); then
  sudo=()
  if ((EUID != 0)); then sudo=(sudo -n); fi
  if ! command -v apt-get >/dev/null || ! "${sudo[@]}" true 2>/dev/null; then
    printf 'headlessgl: missing %s\n' "${missing[*]}" >&2
    printf '  fix: install them by hand (needs Debian or Ubuntu and root)\n' >&2
    exit 1
  fi
  printf 'headlessgl: apt-get install %s\n' "${missing[*]}" >&2
  "${sudo[@]}" apt-get -q update
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get -q install -y --no-install-recommends "${missing[@]}"
fi

node scripts/setup.mjs --no-browser

loads() { node -e "require('gl')" 2>/dev/null; }
if ! loads; then
  printf 'headlessgl: compiling gl (4 to 8 minutes)\n' >&2
  # Its script, and nobody else's: .npmrc keeps all install scripts off.
  npm rebuild gl --ignore-scripts=false --foreground-scripts
fi
if ! loads; then
  node -e "require('gl')" || true
  printf 'headlessgl: gl does not load, see above\n' >&2
  exit 1
fi

# Without a display headlessgl turns into another mode silently: the tests assert the mode they got.
xvfb-run -a -s '-screen 0 1280x1024x24' node node_modules/vitest/vitest.mjs run \
  --root packages/compiler --config vitest.headlessgl.config.ts "$@"
