#!/bin/sh
# Installs the Watchfloor agent for the server @SERVER@:
#
#   curl ... @SERVER@/install/agent.sh | WATCHFLOOR_ENROLL='watchfloor://...' sh
#
# As root: the .deb or the .rpm, or the executable with a service of the system. Without root: the executable in
# ~/.local/bin with a service of this user. Run it again for a newer version; it then needs no WATCHFLOOR_ENROLL.
# Packages come from this server only, and nothing in them runs before its SHA-256 is found to be the one below.
set -eu
: "${HOME:=/root}"
program=watchfloor-agent
server='@SERVER@'
# The SHA-256 of the server's public key: curl ends the connection to any other before it sends a request.
pin='@PIN@'
# For wget: the authority that signed the server's certificate. Both are empty where a public authority did.
authority='@AUTHORITY@'
packages='@PACKAGES@'

say() { printf 'watchfloor: %s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# The SHA-256 and the name of the package of this kind for this machine; nothing where the server has none.
listed() { printf '%s\n' "$packages" | sed -n "s/^$system-$arch $1 //p"; }

download() {
  if has curl; then
    curl -fsS --retry 5 ${pin:+-k --pinnedpubkey "$pin"} -o "$2" "$server/install/$1"
  elif wget --help 2>&1 | grep -q -e --ca-certificate; then
    printf '%s\n' "$authority" >"$scratch/authority.pem"
    wget -q ${authority:+--ca-certificate="$scratch/authority.pem"} -O "$2" "$server/install/$1"
  else
    fail 'install curl or GNU wget first: neither is here'
  fi || fail "$server/install/$1 could not be fetched"
}

sha256() {
  if has sha256sum; then sha256sum; elif has shasum; then shasum -a 256; else openssl dgst -sha256 -r; fi
}

# Fetches the package of this kind into $file, and ends here unless it is the one that the server lists.
fetch() {
  set -- $(listed "$1")
  file=$scratch/$2
  download "$2" "$file"
  sum=$(sha256 <"$file" | cut -d ' ' -f 1)
  [ "$sum" = "$1" ] || fail "$2 is not the listed one: its SHA-256 is $sum instead of $1. Nothing was installed"
}

install_executable() {
  chmod 755 "$file"
  "$file" --version >/dev/null || fail 'the executable does not run here; where /tmp is mounted noexec, set TMPDIR'
  "$file" install || fail 'the executable could not install its service'
  if [ "$(id -u)" = 0 ]; then program=/usr/local/bin/watchfloor-agent
  else program=$HOME/.local/bin/watchfloor-agent; fi
  remove="$program uninstall --purge"
}

main() {
  if [ -z "${WATCHFLOOR_ENROLL:-}" ] && ! has watchfloor-agent && ! [ -e "$HOME/.local/bin/watchfloor-agent" ]
  then fail 'WATCHFLOOR_ENROLL is not set; "Add a machine" shows the whole line'; fi
  case $(uname -s) in Linux) system=linux ;; Darwin) system=macos ;; *) fail "not for $(uname -s)" ;; esac
  case $(uname -m) in
    x86_64 | amd64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "there is no package for the processor $(uname -m)" ;;
  esac
  [ "$(getconf LONG_BIT 2>/dev/null || echo 64)" = 64 ] || fail 'this system has 32 bits; the packages need 64'
  ! ldd --version 2>&1 | grep -qi musl || fail 'this system has musl; the packages need glibc (not Alpine)'
  umask 022
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  trap 'exit 1' HUP INT TERM
  kind=executable
  if [ "$(id -u)" = 0 ] && has systemctl; then
    if has apt-get && [ -n "$(listed deb)" ]; then kind=deb
    elif ! has apt-get && has rpm && [ -n "$(listed rpm)" ]; then kind=rpm; fi
  fi
  [ -n "$(listed $kind)" ] || fail "this server has no package for $system-$arch; its page Settings, Packages says more"
  fetch $kind
  case $kind in
    deb) dpkg -i "$file" </dev/null || fail 'dpkg could not install it'; remove='dpkg -P watchfloor-agent' ;;
    rpm) rpm -U --replacepkgs "$file" </dev/null || fail 'rpm could not install it'; remove='rpm -e watchfloor-agent' ;;
    executable) install_executable </dev/null ;;
  esac
  say "installed. The machine shows at $server as soon as its service runs; if it does not: $program check"
  say "To remove it: $remove"
}

# The whole script is read before its first command runs.
main
