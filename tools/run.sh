#!/bin/sh
# From a folder of resources to a served library: build, sign with demonstration keys, plug in, serve. What is already
# done is kept. Settings by environment: COLLECTION (default: the project's own training resources), PORT, DATA.
set -eu
cd "$(dirname "$0")/.."
DATA=${DATA:-.data} PORT=${PORT:-8080} COLLECTION=${COLLECTION:-}
mkdir -p "$DATA"
DATA=$(cd "$DATA" && pwd)
say() { printf '\n==> %s\n' "$*"; }
packager() { .venv/bin/packager "$@"; }

if [ -z "$COLLECTION" ]; then
    say "生成培训资源 writing the training resources"
    COLLECTION=$DATA/training
    packager training "$COLLECTION" --fonts appliance/web/static/vendor/fonts
fi
if [ ! -d "$DATA/keys" ]; then
    say "生成演示钥匙 making demonstration keys (never for real releases)"
    packager keys init "$DATA/keys" --demonstration
fi
say "封装 building $COLLECTION"
packager build "$COLLECTION" --work "$DATA/work" --fonts appliance/web/static/vendor/fonts/whole || [ $? = 1 ]
say "两人签发 signing, two of three"
packager sign "$DATA/work" --keys "$DATA/keys" --passphrases "$DATA/keys/demonstration-passphrases.txt"
say "写入硬盘 writing the drive $DATA/drive"
packager drive "$DATA/work" "$DATA/drive"

settings=$DATA/settings.toml
cat > "$settings" <<EOF
# Made by tools/run.sh; a demonstration on this machine.
data_folder = "$DATA/appliance"
root_file = "$DATA/keys/root.json"
library_name = "书箱演示馆"
library_name_en = "Shuxiang Demonstration Library"
address = "127.0.0.1:$PORT"
listen_host = "127.0.0.1"
listen_port = $PORT
drive_paths = ["$DATA/drive"]
EOF
mkdir -p "$DATA/appliance"
say "馆长账号 the director's account"
password=$DATA/staff-password.txt
.venv/bin/appliance account init --settings "$settings" > "$password.new"
if [ -s "$password.new" ] && [ ! -s "$password" ]; then chmod 600 "$password.new"; mv "$password.new" "$password"; else rm -f "$password.new"; fi
cat "$password"
echo "（初始密码只用一次，登录后须自行设置；已设过的请用自己的密码。 The first password works once.）"
say "读者 readers: http://127.0.0.1:$PORT   馆员 staff: http://127.0.0.1:$PORT/staff   （Ctrl-C 停止 to stop）"
exec .venv/bin/appliance serve --settings "$settings"
