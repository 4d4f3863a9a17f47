/** `currentBuild`. */
class CurrentBuild implements Serializable {

    private static final long serialVersionUID = 1L

    String getCurrentResult() {
        return Build.current().result
    }

    void setResult(String result) {
        Build.current().result = result
    }
}
