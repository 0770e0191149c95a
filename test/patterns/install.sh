#!/usr/bin/env bash
# Brings AWS's event-ruler and what it needs from Maven Central into .cache beside this file: the judge of
# oracle.test.ts. Quick when all is there. SKEIN_MAVEN names a mirror.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p .cache

jar() {
  local file=.cache/${1##*/}
  [ -f "$file" ] && return 0
  curl -fsSL --retry 3 --max-time 120 -o "$file.part" "${SKEIN_MAVEN:-https://repo1.maven.org/maven2}/$1"
  echo "$2  $file.part" | sha256sum --check --quiet
  mv "$file.part" "$file"
}

jackson=com/fasterxml/jackson/core
jar software/amazon/event/ruler/event-ruler/2.0.1/event-ruler-2.0.1.jar 130acbcff88e20bd482036716c6de059452689db45e8395d7a13919b3b450991
jar ch/randelshofer/fastdoubleparser/2.0.1/fastdoubleparser-2.0.1.jar 4242e2335299026524d331355a6cd75abdc38c8fed4402f25b5c7ce9d7668cc1
jar $jackson/jackson-annotations/2.21/jackson-annotations-2.21.jar 53ca085f4a150f703f49e1aabd935bd03b43e1ea3d55d135438292af22cef56b
jar $jackson/jackson-core/2.21.0/jackson-core-2.21.0.jar e22604bcd9b24e462d5df102007cb06e1ed811e86f1ce6081ca62f385f2db87b
jar $jackson/jackson-databind/2.21.0/jackson-databind-2.21.0.jar 0057817ee40bc71544072dc2a3ba575ef91dce53a2d87489bde91c05f3a22621
