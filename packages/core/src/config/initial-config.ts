/** What `taskvault init` writes to `.taskvault/config.yaml`. */
export const INITIAL_CONFIG = `cache_dir: .taskvault/cache
max_size_gb: 10
hash_algorithm: blake3
log_level: info
policies:
  default:
    ttl_seconds: 604800      # 7 days
    max_size_bytes: 104857600 # 100 MB
    strategy: lru
`
