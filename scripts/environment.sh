# shellcheck shell=bash
# Sourced by the scripts beside it. `make_environment run` (or dev; then local, ray) makes the virtual environment
# $venv with what requirements/run.txt (or dev.txt, local.txt, ray.txt) pins and the project itself, editable, unless
# it is there and still fits.

root="$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)"
venv="${ASYNCGEN_VENV:-$root/.venv}"
[[ $venv == /* ]] || venv="$PWD/$venv"

# What is imported is compiled once, and not in each of the hundreds of processes that tests start.
unset PYTHONDONTWRITEBYTECODE

step() {
  printf '==> %s\n' "$*"
}

fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

# Asked to run, not only looked up: a name on the PATH may be a shim with no Python behind it.
can_import() { # python, modules
  "$1" -c "import sys, $2; sys.exit(sys.version_info < (3, 11))" 2>/dev/null
}

find_python() {
  local candidate
  for candidate in ${PYTHON:+"$PYTHON"} python3.13 python3.12 python3.11 python3; do
    if can_import "$candidate" ensurepip; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  fail "asyncgen needs Python 3.11 or newer with its venv module: install it, or name it with PYTHON=…"
}

find_version() { # 3.12: a Python of this version on the PATH or of pyenv; system: the one that came with the machine
  local candidate candidates=("python$1" "${PYENV_ROOT:-$HOME/.pyenv}/versions/$1".*/bin/python)
  [[ $1 != system ]] || candidates=(/usr/bin/python3)
  for candidate in "${candidates[@]}"; do
    if can_import "$candidate" ensurepip; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  return 1
}

make_environment() {
  local requirements="$root/scripts/requirements/$1.txt" stamp="$venv/.asyncgen-$1" wanted python
  # The places too: an environment that was copied or is shared installs the project from where it is now.
  wanted="$(cat -- "$requirements" "$root/pyproject.toml" - <<<"$root $venv" | cksum)"
  if can_import "$venv/bin/python" pip; then
    [[ ! -e $stamp || $(<"$stamp") != "$wanted" ]] || return 0
  else
    # One that was cut short is completed; one that has lost its Python, or has an old one, is not ours to mend.
    [[ ! -L $venv/bin/python ]] || can_import "$venv/bin/python" venv ||
      fail "$venv has no Python 3.11 or newer: remove it and try again"
    python="$(find_python)"
    step "making $venv with $("$python" --version)"
    "$python" -m venv "$venv"
  fi
  step "installing scripts/requirements/$1.txt"
  # The file names everything; and what one package of local.txt asks for beside itself, nobody wants.
  "$venv/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r "$requirements"
  step "installing asyncgen from $root"
  "$venv/bin/python" -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e "$root"
  printf '%s\n' "$wanted" >"$stamp"
}

# What the tests in tests/gateways need beside: nginx, HAProxy and Caddy of the system, LiteLLM's proxy and llmock in
# environments of their own in .gateways; and aimock from npm, which has batches as llmock does. What cannot be
# installed is said, and its tests are skipped.
install_gateways() {
  local name missing=()
  for name in nginx haproxy caddy openssl; do
    PATH="$PATH:/usr/sbin" command -v "$name" >/dev/null || missing+=("$name")
  done
  if ((${#missing[@]})); then install_packages "${missing[@]}"; fi
  for name in llmock litellm; do
    (venv="$root/.gateways/$name" && make_peer "$name") ||
      printf 'not installed: %s; its tests are skipped\n' "$name"
  done
  [[ -x $root/.gateways/aimock/node_modules/.bin/llmock ]] ||
    timeout 180 npm install --silent --no-audit --no-fund --prefix "$root/.gateways/aimock" \
      @copilotkit/aimock@1.43.0 ||
    printf 'not installed: aimock (npm could not get it); its tests are skipped\n'
}

# What the tests of the torture and of the report in a browser need beside.
install_tools() {
  local missing=()
  command -v strace >/dev/null || missing+=(strace)
  command -v chromium >/dev/null || [[ -n ${CHROME:-} ]] || missing+=(chromium)
  if ((${#missing[@]})); then install_packages "${missing[@]}"; fi
}

install_packages() { # names
  if ((EUID)) || ! command -v apt-get >/dev/null; then
    printf 'not installed: %s (that takes root and apt-get); their tests are skipped\n' "$*"
    return
  fi
  step "installing $*"
  # A server that is installed for tests is not to be started as a service of the machine.
  local policy=/usr/sbin/policy-rc.d ours=""
  if [[ ! -e $policy ]]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy" && ours=yes
  fi
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } \
    >/dev/null 2>&1 || printf 'not installed: apt-get could not get all of %s; their tests are skipped\n' "$*"
  [[ -z $ours ]] || rm -f -- "$policy"
}

make_peer() { # name: an environment of its own at $venv
  local requirements="$root/scripts/requirements/$1.txt" wanted
  wanted="$(cksum <"$requirements")"
  [[ ! -e $venv/.installed || $(<"$venv/.installed") != "$wanted" || ! -x $venv/bin/$1 ]] || return 0
  step "installing scripts/requirements/$1.txt in $venv"
  "$(find_python)" -m venv --clear "$venv" &&
    timeout 900 "$venv/bin/python" -m pip install -qq --disable-pip-version-check --require-hashes --no-deps \
      -r "$requirements" &&
    printf '%s\n' "$wanted" >"$venv/.installed"
}
