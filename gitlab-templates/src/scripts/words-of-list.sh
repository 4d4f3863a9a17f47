  # One value per line. No shell ever interprets what is read here.
  while read -r taskvault_value; do
    if [ -n "$taskvault_value" ]; then set -- "$@" "--$taskvault_option" "$taskvault_value"; fi
  done <<TASKVAULT_LIST
$taskvault_list
TASKVAULT_LIST
