# shellcheck shell=sh
# The Thinkube environment for every shell in code-server: sourced by bash and zsh, and linked as
# ~/.setup-thinkube-env.sh when the container starts. It stands outside home, so that an empty home volume
# does not lose it. Every value can be set beforehand; sourcing twice changes nothing.

export KUBECONFIG="${KUBECONFIG:-$HOME/.kube/config}"

export ARGO_SERVER="${ARGO_SERVER:-argo-server.argo.svc:2746}"
export ARGO_NAMESPACE="${ARGO_NAMESPACE:-argo}"
export ARGO_SECURE="${ARGO_SECURE:-true}"

export ARGOCD_SERVER="${ARGOCD_SERVER:-argocd-server.argocd.svc}"
export DEVPI_URL="${DEVPI_URL:-https://devpi.devpi.svc}"
export GITEA_URL="${GITEA_URL:-https://gitea.gitea.svc}"
export KEYCLOAK_URL="${KEYCLOAK_URL:-https://keycloak.keycloak.svc}"
export MLFLOW_TRACKING_URI="${MLFLOW_TRACKING_URI:-https://mlflow.mlflow.svc}"
export NATS_URL="${NATS_URL:-tls://nats.nats.svc:4222}"
export PGHOST="${PGHOST:-postgresql.postgresql.svc}"
export PGPORT="${PGPORT:-5432}"
export REGISTRY_URL="${REGISTRY_URL:-https://registry.registry.svc}"
export VALKEY_HOST="${VALKEY_HOST:-valkey.valkey.svc}"
export VALKEY_PORT="${VALKEY_PORT:-6379}"

for _thinkube_directory in /usr/local/bin /usr/bin /bin /opt/tools/python/bin "$HOME/.local/bin"; do
    case ":${PATH:-}:" in
        *":$_thinkube_directory:"*) ;;
        *) PATH="${PATH:+$PATH:}$_thinkube_directory" ;;
    esac
done
unset _thinkube_directory
export PATH

alias k='kubectl'
alias kgp='kubectl get pods'
alias kgs='kubectl get services'
alias kgn='kubectl get nodes'
alias kd='kubectl describe'
alias kl='kubectl logs'
