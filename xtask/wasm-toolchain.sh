#!/usr/bin/env bash
# A compiler with the standard library for browsers, in a folder of its own: `wasm-toolchain.sh FOLDER`.
#
# For machines where `rustup target add` finds no network. Debian ships a second Rust with the sources of its library
# (rustc-web); its packages are unpacked, not installed, and the library is compiled once for wasm32-unknown-unknown.
set -euo pipefail

folder=${1:?usage: wasm-toolchain.sh FOLDER}
target=wasm32-unknown-unknown
host=x86_64-unknown-linux-gnu

version=$(apt-cache policy rustc-web | awk '/Candidate:/ {print $2; exit}')
if [[ -z $version || $version == "(none)" ]]; then
    apt-get update -qq
    version=$(apt-cache policy rustc-web | awk '/Candidate:/ {print $2; exit}')
fi
[[ -n $version && $version != "(none)" ]] || { echo "this system has no package rustc-web" >&2; exit 1; }
short=$(cut -d. -f1,2 <<<"$version")

work=$folder.unfinished
rm -rf "$work"
mkdir -p "$work"/{debs,root,toolchain/bin,toolchain/lib}
chmod 755 "$work" "$work/debs"

fetch() { (cd "$work/debs" && apt-get download -qq "$@"); }
fetch "rustc-web=$version" "libstd-rust-web-dev=$version" "libstd-rust-web-$short=$version" "rust-web-src=$version"
llvm=$(dpkg-deb -f "$work"/debs/libstd-rust-web-"$short"_*.deb Depends | grep -oE 'libllvm[0-9]+' | head -1 | tr -dc 0-9)
fetch "libllvm$llvm" "lld-$llvm"
for package in "$work"/debs/*.deb; do
    if [[ $package == */rust-web-src_* ]]; then
        dpkg-deb --fsys-tarfile "$package" | tar -x -C "$work/root" --wildcards './usr/src/rustc-*/library/*'
    else
        dpkg -x "$package" "$work/root"
    fi
done

toolchain=$work/toolchain
cp -a "$work/root/usr/bin/rustc" "$toolchain/bin/"
cp -a "$work"/root/usr/lib/x86_64-linux-gnu/*.so* "$work/root/usr/lib/rustlib" "$toolchain/lib/"
rm -rf "$toolchain/lib/rustlib/src"
linker=$toolchain/lib/rustlib/$host/bin
mkdir -p "$linker"
cp -L "$work/root/usr/lib/llvm-$llvm/bin/lld" "$linker/rust-lld.bin"
mv "$toolchain/bin/rustc" "$toolchain/lib/rustc.bin"

# Both look for their libraries where they were not installed.
wrapper() { # FILE, its libraries and its program, both from its own folder
    printf '#!/bin/sh\nhere=$(dirname "$(readlink -f "$0")")\n' >"$1"
    printf 'LD_LIBRARY_PATH="$here/%s${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "$here/%s" "$@"\n' "$2" "$3" >>"$1"
    chmod +x "$1"
}
wrapper "$toolchain/bin/rustc" ../lib ../lib/rustc.bin
wrapper "$linker/rust-lld" ../../.. rust-lld.bin
"$toolchain/bin/rustc" --version

cd "$work"/root/usr/src/rustc-*/library
flags="[\"-Zforce-unstable-if-unmarked\",\"-Cembed-bitcode=yes\",\"--remap-path-prefix=$PWD=/rustc/$short/library\"]"
# What the caller has set for its own build must not leak into the library.
env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS -u RUSTC_WRAPPER -u RUSTUP_TOOLCHAIN -u CARGO_BUILD_TARGET -u CARGO_INCREMENTAL \
    RUSTC="$toolchain/bin/rustc" RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR="$work/out" CARGO_PROFILE_DIST_DEBUG=0 \
    cargo build --quiet --locked --manifest-path sysroot/Cargo.toml --profile dist --target "$target" \
    --no-default-features --features panic-unwind,backtrace,compiler-builtins-mem \
    --config "target.$target.rustflags=$flags"
library=$toolchain/lib/rustlib/$target/lib
mkdir -p "$library"
cp "$work/out/$target"/dist/deps/*.rlib "$library/"
rm -f "$library"/libsysroot-*
compgen -G "$library/libstd[-.]*rlib" >/dev/null || { echo "the library was not built" >&2; exit 1; }

rm -rf "$folder"
mkdir -p "$(dirname "$folder")"
mv "$toolchain" "$folder"
rm -rf "$work"
