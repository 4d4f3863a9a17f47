  # A value a line. What is read here is never read by a shell again.
  while read -r taskvault_value; do
    if [ -n "$taskvault_value" ]; then set -- "$@" "--$taskvault_option" "$taskvault_value"; fi
  done <<TASKVAULT_LIST
$taskvault_list
TASKVAULT_LIST
