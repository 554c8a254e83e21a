#!/bin/sh
# Removes from an installed code-server what its running does not read, and prints the bytes that each step gave back.
# Usage: trim-code-server.sh FOLDER. It needs node and binutils on PATH.
#
# Only modules are searched for documentation and types: a built-in extension shows its README in the editor and reads
# *.d.ts as data, and so do TypeScript's own library and the Copilot runtime.
set -eu

root=$1
arch=$(node --print process.arch)

measured() {
    before=$(du --summarize --bytes "$root" | cut -f 1)
    "$1"
    after=$(du --summarize --bytes "$root" | cut -f 1)
    printf 'trimmed %10d bytes: %s\n' $((before - after)) "$1"
}

in_modules() {
    find "$root" -path '*/node_modules/*' -not -path '*/node_modules/typescript/*' \
        -not -path '*/node_modules/@github/copilot-sdk-*' -not -path '*/node_modules/@github/copilot-sdk/d*' "$@"
}

node_gyp_leftovers() {
    find "$root" -path '*/build/Release' -type d | while read -r release; do
        find "${release%/Release}" -not -type d -not -regex '.*/build/Release/[^/]*\.node' -delete
    done
}

native_sources() {
    in_modules -type f -regextype posix-extended -regex '.*\.(c|cc|cpp|h|hpp|S|asm|gyp|gypi|m4|cmake|o|a|tar\.gz)' -delete
    in_modules -type d -path '*/deps/*' -name cpu_features -prune -exec rm -r {} +
}

other_platforms() {
    find "$root" -type f \( -name '*.exe' -o -name '*.dll' -o -name mxc-exec-mac \) -delete
    find "$root" -depth -type d -name '*musl*' -path '*/node_modules/*' -exec rm -r {} +
    find "$root" -type f -path '*/prebuilds/*' -name '*musl*' -delete
    for folder in prebuilds ripgrep-universal/bin; do
        find "$root" -mindepth 1 -type d -path "*/$folder/*" -not -path "*/$folder/linux-$arch*" -prune -exec rm -r {} +
    done
    find "$root" -mindepth 1 -type d \( -path '*/mxc-sdk/bin/*' -not -path "*/mxc-sdk/bin/$arch*" \
        -o -path '*/mxc-sdk/bin/*/_manifest' -o -path '*/node-pty/third_party' \) -prune -exec rm -r {} +
}

source_maps() {
    find "$root" -type f -name '*.map' -delete
}

types_and_typescript() {
    in_modules -type f -regextype posix-extended -regex '.*\.[cm]?ts' -delete
    in_modules -type f -name '*.tsbuildinfo' -delete
}

# Copies for a web page's script tag, beside the module that `main` names.
script_tag_bundles() {
    rm -rf "$root"/lib/vscode/node_modules/@microsoft/1ds-*-js/bundle \
        "$root"/lib/vscode/node_modules/@microsoft/applicationinsights-core-js/browser
}

documentation() {
    in_modules -type f \( -iname '*.md' -o -iname '*.markdown' \) \
        -not -iname '*licen[cs]e*' -not -iname '*notice*' -not -iname 'copying*' -delete
}

tests_and_examples() {
    in_modules -depth -type d -regextype posix-extended -regex '.*/(tests?|__tests__|examples?|benchmarks?)' -exec rm -r {} +
}

debug_information() {
    find "$root" -type f -size +4k \( -perm /111 -o -name '*.node' -o -name '*.so' \) | while read -r file; do
        [ "$(head --bytes 4 "$file" | tail --bytes 3)" != ELF ] || strip --strip-unneeded "$file"
    done
}

# The mermaid extension has the same 17 MB twice.
equal_files() {
    hardlink --quiet --ignore-time --minimum-size 20KiB "$root"
}

empty_folders() {
    find "$root" -type d -empty -delete
}

for step in node_gyp_leftovers native_sources other_platforms source_maps types_and_typescript script_tag_bundles \
    documentation tests_and_examples debug_information equal_files empty_folders; do
    measured "$step"
done
