. /etc/thinkube/setup-thinkube-env.sh
